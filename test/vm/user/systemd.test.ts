// In the virtual machine, where an ordinary user has a session: the driver with that user's service manager.

import "../real_systemd.ts";
