// A replay: its headers are edited, its answer is put in place, what is volatile is hidden.

import "../replay/answer.js";
import "../replay/header_rows.js";
import "../replay/volatile.js";
