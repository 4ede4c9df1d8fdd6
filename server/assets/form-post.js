// Sends the form that leads back to the client (OAuth 2.0 Form Post Response Mode). Without scripts a person taps its button.
document.getElementById("form-post").submit();
