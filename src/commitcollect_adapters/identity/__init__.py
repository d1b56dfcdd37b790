"""Identity providers: any that speaks OpenID Connect, Cognito among them, and a local one for development."""
