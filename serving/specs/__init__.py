"""What CRMs import: OpenAPI and Swagger, made from the routes and the wire models."""
