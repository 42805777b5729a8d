"""Who may do what in a running stack: the roles of the template, held to at every call.

``policies`` reads and evaluates statements, ``actions`` says which permissions a request needs, ``permissions`` keeps
books of what was used and denied, ``sessions`` gives the roles the credentials that links are signed with.
"""

from local_stack.iam.permissions import Permissions

__all__ = ["Permissions"]
