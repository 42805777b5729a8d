"""API Gateway on this machine: the REST API of template.yaml, its authorizer and its usage plan, over loopback HTTP."""
