"""What programs may ask: ``/api/v1/``, described by its own OpenAPI document. `site.api` is the whole of it."""
