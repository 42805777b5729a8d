"""From bytes to what stands in them: words with boxes, attachments, XML trees."""
