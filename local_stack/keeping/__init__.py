"""What ``serve --keep FOLDER`` keeps of a stack, and gives back to the next one.

::

    FOLDER/
      stack.json               the keys of the API
      <job id>/
        document/<its name>    the document as it was sent
        results/               the raw answers of providers
        invoice.json           the invoice as it is now, for people and programs; written, never read
        job.json               the job, its submissions, and what the stack needs to offer it again; written last
"""
