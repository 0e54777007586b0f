"""Our base classes over Flask-AppBuilder; nothing else imports `flask_appbuilder`."""
