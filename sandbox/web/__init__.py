"""Web pages inside the phone (section 10): which phone a browser is, web sign-in, and the JS-SDK."""
