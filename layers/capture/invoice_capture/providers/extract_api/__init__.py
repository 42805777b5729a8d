"""The Extract API of Flectra and Odoo: JSON-RPC, one credit per document, results by polling."""
