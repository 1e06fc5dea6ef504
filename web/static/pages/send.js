// A request from scratch: its parts are edited, its answer is put in place.

import "../replay/answer.js";
import "../replay/header_rows.js";
import "../replay/json_check.js";
import "../replay/parameters.js";
import "../replay/series.js";
