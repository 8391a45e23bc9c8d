"""Articles (图文): what one may hold, publishing, the page that opens, and what people do there."""
