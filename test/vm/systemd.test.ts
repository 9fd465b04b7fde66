// In the virtual machine, where the host's own service manager is there: the driver as root.

import "./real_systemd.ts";
