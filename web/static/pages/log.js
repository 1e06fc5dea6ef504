// One log: trees of its bodies are searched and folded, the rest of long ones comes later.

import "../log/lazily.js";
import "../log/neighbours.js";
import "../log/tree.js";
