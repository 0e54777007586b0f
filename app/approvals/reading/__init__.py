"""What the screens of approvals read: the inbox, a case's page, figures over many cases."""
