"""The settings of one appliance, as all its parts are given them."""

from monitor.settings.calls import Calls
from monitor.settings.capture import Capture
from monitor.settings.connections import Connections
from monitor.settings.declaring import Theme
from monitor.settings.mail import Mail
from monitor.settings.reach import Reach
from monitor.settings.storage import Storage
from monitor.settings.work import Work


class Settings(Reach, Capture, Storage, Connections, Calls, Mail, Work):
    """Read once at the start; secrets hide themselves in a repr."""


# In the order in which they are listed.
THEMES: tuple[type[Theme], ...] = tuple(
    base for base in Settings.__bases__ if issubclass(base, Theme)
)
# Theme by theme: in its own order pydantic follows the inheritance.
FIELDS = {name: field for theme in THEMES for name, field in theme.model_fields.items()}
