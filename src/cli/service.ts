import { type Command, InvalidArgumentError } from "commander";
import { ownProgram } from "./own-program.ts";

const USER = "boathook";

interface Given {
  readonly executable?: string;
  readonly user: string;
}

/** Adds the command that prints a unit for systemd. */
export function addServiceCommand(program: Command): void {
  program
    .command("service")
    .description("Print a unit for systemd. Save it as /etc/systemd/system/boathook.service.")
    .option("--executable <path>", "absolute path of the executable (default: this one)", executable)
    .option("--user <name>", "system user that runs the server", user, USER)
    .action((given: Given) => {
      process.stdout.write(unitText(given.executable === undefined ? ownProgram() : [given.executable], given.user));
    });
}

/**
 * Returns the unit. Two limits on the process are left out: the runtime generates code, so its memory
 * must be writable and executable, and the server raises its own limit of open files.
 */
function unitText(program: readonly string[], userName: string): string {
  return `# Settings: /etc/boathook/environment, lines such as BOATHOOK_PUBLIC_URL=https://hooks.example.com
# Changes of this unit: systemctl edit boathook

[Unit]
Description=Boathook webhook server
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart=${[...program.map(quoted), "serve"].join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
User=${userName}
Environment=BOATHOOK_DATA_DIR=/var/lib/boathook
Environment=BOATHOOK_LOG_FORMAT=json
EnvironmentFile=-/etc/boathook/environment
StateDirectory=boathook
StateDirectoryMode=0700
ConfigurationDirectory=boathook
ConfigurationDirectoryMode=0750
# A directory for a Unix socket: BOATHOOK_HOST=unix:/run/boathook/boathook.sock
RuntimeDirectory=boathook
RuntimeDirectoryMode=0755

# The server reports a sign of life every 30 seconds. Wrong settings (exit code 2) need an operator.
WatchdogSec=60
Restart=always
RestartSec=1
RestartPreventExitStatus=2
# Upgrades of the data may take minutes. The server extends the time to stop by itself.
TimeoutStartSec=15min
TimeoutStopSec=60
KillMode=mixed
LimitNOFILE=65536
LimitCORE=0

# Ports below 1024: add AmbientCapabilities=CAP_NET_BIND_SERVICE and the same CapabilityBoundingSet.
CapabilityBoundingSet=
NoNewPrivileges=yes
UMask=0077
# Directories outside of /var/lib/boathook, such as backup-dir: add ReadWritePaths=/path
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** Quotes a path for `ExecStart`, in which `%` and `$` have a meaning. */
function quoted(path: string): string {
  const escaped = path.replaceAll("%", "%%").replaceAll("$", () => "$$");
  return /^[\w./%$+@:-]+$/.test(escaped) ? escaped : `"${escaped.replace(/["\\]/g, "\\$&")}"`;
}

function executable(text: string): string {
  if (!text.startsWith("/") || /\p{Cc}/u.test(text)) throw new InvalidArgumentError("Must be an absolute path.");
  return text;
}

function user(text: string): string {
  if (!/^[a-z_][a-z0-9_-]{0,30}$/i.test(text)) throw new InvalidArgumentError("Must be the name of a user.");
  return text;
}
