// Swagger UI on our own document; nothing is asked of another host.

import { isDark, onChange } from "../shell/theme.js";

const follow = () => document.documentElement.classList.toggle("dark-mode", isDark());
onChange(follow);
follow();

// Its link inside a button is for no keyboard; its list of servers has one, without a label.
const plainer = ({ React }) => ({
  wrapComponents: {
    DeepLink: () => ({ text }) => React.createElement("span", null, text),
    ServersContainer: () => () => null,
  },
});

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plainer],
});
