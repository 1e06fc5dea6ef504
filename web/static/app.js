// What every page does. Each part acts on what it finds.

import "./shell/theme.js";
import "./forms/submitting.js";
import "./shell/copying.js";
import "./shell/dialogs.js";
import "./shell/menus.js";
import "./shell/keys.js";
import "./shell/at_a_log.js";
import "./shell/carrying.js";
import "./shell/palette.js";
import "./shell/returning.js";
import "./shell/toggles.js";
import "./shell/zone_choice.js";
import { localise } from "./shell/times.js";

localise(document);
