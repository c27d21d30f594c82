"""What goes over the wire: the models of requests and answers, and the way between them and the rooms below."""
