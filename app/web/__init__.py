"""What the pages of the portal and of the console share: assets, icons, headers, packing. No page is here."""
