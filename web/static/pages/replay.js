// A replay: what is edited stands beside what was, its answer is put in place.

import "../replay/answer.js";
import "../replay/header_rows.js";
import "../replay/json_check.js";
import "../replay/overrides.js";
import "../replay/parameters.js";
import "../replay/series.js";
import "../replay/volatile.js";
