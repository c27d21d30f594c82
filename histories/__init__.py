"""Floor 1: what leads did. The contract, the reader of CRM exports, the sample."""
