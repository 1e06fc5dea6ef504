// One log: trees of its bodies are searched, folded, and tell where a value stands.

import "../log/tree.js";
