using Pantry.Transport.Gates;
using static Pantry.Configuration.Settings.SettingTypes;

namespace Pantry.Configuration.Settings;

/// <summary>All keys of servers and clients, in the order in which samples and documents show them.</summary>
internal static class HostSchema
{
    private static readonly ConfigurationKind[] Server = [ConfigurationKind.Server];
    private static readonly ConfigurationKind[] Client = [ConfigurationKind.Client];
    private static readonly ConfigurationKind[] Both = [ConfigurationKind.Server, ConfigurationKind.Client];

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static SettingsSchema<HostSettings> Instance { get; } = new(
        new HostSettings(), [.. Places(), .. Logs(), .. Network(), .. ClientKeys(), .. Timeouts(), .. Limits(), .. Retention(), .. Watching()], HostRules.All);

    private static IEnumerable<SettingKey<HostSettings>> Places() =>
    [
        Key(Server, "root_dir", FilePath, s => s.RootDirectory, (s, v) => s with { RootDirectory = v },
            "Directory of the server's data: keys, approvals, jobs, packages, files.") with { Example = "/var/lib/pantry/server", DefaultWords = "the host's own" },
    ];

    private static IEnumerable<SettingKey<HostSettings>> Logs() =>
    [
        new ListKey<HostSettings, LogTarget>("log_to", LogPlace, s => s.Log.Targets, (s, v) => s with { Log = s.Log with { Targets = v } },
            "Where to log: stdout, stderr, syslog, journald, eventlog, the path of a file, or several of them.")
        { For = Both, Example = "/var/log/pantry/pantry.log", DefaultWords = "the service's console or journal; nothing in PowerShell" },
        Key(Both, "log_level", Choice<LogSeverity>("level", ("warning", LogSeverity.Warn), ("information", LogSeverity.Info), ("critical", LogSeverity.Fatal)),
            s => s.Log.Level, (s, v) => s with { Log = s.Log with { Level = v } }, "The least severe lines that are logged: trace, debug, info, warn, error, fatal or none.", live: true),
        Key(Both, "syslog_program_name", Text, s => s.Log.ProgramName, (s, v) => s with { Log = s.Log with { ProgramName = v } },
            "What the program is called in syslog, in the journal and in the event log."),
        Key(Both, "logging.format", Choice<LogFormat>("format"), s => s.Log.Format, (s, v) => s with { Log = s.Log with { Format = v } },
            "Lines of files and of the console: text, or json with one object a line."),
        Key(Both, "logging.file_size", Size(4096, 1L << 40), s => s.Log.FileSize, (s, v) => s with { Log = s.Log with { FileSize = v } },
            "A log file that would grow beyond this is renamed to NAME.1, and a new one is begun."),
        Key(Both, "logging.file_count", Count(1, 1000), s => s.Log.FileCount, (s, v) => s with { Log = s.Log with { FileCount = v } },
            "How many log files there are at most, the current one included; the oldest goes."),
    ];

    private static IEnumerable<SettingKey<HostSettings>> Network() =>
    [
        Key(Both, "networking.server_host", Host, s => s.Network.ServerHost, (s, v) => s with { Network = s.Network with { ServerHost = v } },
            "A server listens there, 0.0.0.0 and :: are every address of the machine; a client dials it.")
        with { Example = "pantry.example", DefaultWords = "127.0.0.1 for a server; a client must be told" },
        Key(Server, "networking.advertised_host", Host, s => s.Network.AdvertisedHost, (s, v) => s with { Network = s.Network with { AdvertisedHost = v } },
            "What enrolments and operators' files tell others to dial.") with { Example = "pantry.example", DefaultWords = "server_host, or the host's name where that is every address" },
        Key(Both, "networking.pub_sub_port", Port, s => s.Network.PublishPort, (s, v) => s with { Network = s.Network with { PublishPort = v } },
            "Port that orders go out on; 0 is any free one, for a server."),
        Key(Both, "networking.receive_port", Port, s => s.Network.ReceivePort, (s, v) => s with { Network = s.Network with { ReceivePort = v } },
            "Port that answers and operators come in on; 0 is any free one, for a server."),
        Key(Server, "networking.file_service_port", Port, s => s.Network.FilePort, (s, v) => s with { Network = s.Network with { FilePort = v } },
            "Port of files; 0 is any free one. Clients are told which it is."),
        Key(Both, "networking.security", SecurityType.Instance, _ => SecurityType.Curve, (s, _) => s,
            "How connections are protected. There is curve and nothing else, so it need not be said."),
        Key(Client, "networking.server_key", ServerKey, s => s.Network.ServerKey, (s, v) => s with { Network = s.Network with { ServerKey = v } },
            "The public key that the server must have, as Get-PantryServer shows it.")
        with { Example = "'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'", DefaultWords = "what the enrolment said, or what the client remembers" },
        Key(Client, "networking.root_key", RootKey, s => s.Network.RootKey, (s, v) => s with { Network = s.Network with { RootKey = v } },
            "The fleet's root key, as the server's RootKey shows it.") with { Example = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+M4beJcObwA9TySvGlw5ZjYcxSLnA1qr5vmdNPZ/yzEbyvwP7CGJqNJHbuvCkM0X+m+jlpUhMVIW9+PyGb5dxA==", DefaultWords = "the server's word at the first registration" },
        Key(Client, "networking.proxy", Proxy, s => s.Network.Proxy, (s, v) => s with { Network = s.Network with { Proxy = v } },
            "Proxy that the client dials through, by HTTP CONNECT or SOCKS5. With a password in it the file must be its owner's alone.") with { Example = "socks5://proxy.example:1080", DefaultWords = "none" },
    ];

    private static IEnumerable<SettingKey<HostSettings>> ClientKeys() =>
    [
        Key(Client, "client.identity", Identity, s => s.Client.Identity, (s, v) => s with { Client = s.Client with { Identity = v } },
            "Unique name of the client.") with { Example = "app.host01", DefaultWords = "the host's name" },
        Key(Client, "client.application", Segment("application"), s => s.Client.Application, (s, v) => s with { Client = s.Client with { Application = v } },
            "What the client is for.") with { Example = "pantry", DefaultWords = "none" },
        Key(Client, "client.environment", Segment("environment"), s => s.Client.Environment, (s, v) => s with { Client = s.Client with { Environment = v } },
            "The stage it belongs to.") with { Example = "test", DefaultWords = "none" },
        new ListKey<HostSettings, string>("client.roles", Segment("role"), s => s.Client.Roles, (s, v) => s with { Client = s.Client with { Roles = v } },
            "Its roles.") { For = Client, Example = "[web, db]", DefaultWords = "none" },
        Key(Client, "client.path", FilePath, s => s.Client.Path, (s, v) => s with { Client = s.Client with { Path = v } },
            "Directory of the client's own key, journal and packages.") with { Example = "/var/lib/pantry/client", DefaultWords = "the host's own" },
        new ListKey<HostSettings, string>("client.allowed_commands", Text, s => s.Client.AllowedCommands, (s, v) => s with { Client = s.Client with { AllowedCommands = v } },
            "Commands that the client runs, whoever orders them; [] is none.") { For = Client, ChangesLive = true, Example = "[Ping, Facts, Provision]", DefaultWords = "all it has" },
        new ListKey<HostSettings, string>("client.allowed_users", Text, s => s.Client.AllowedUsers, (s, v) => s with { Client = s.Client with { AllowedUsers = v } },
            "Users that commands may run as, beside the client's own.") { For = Client, ChangesLive = true, Example = "[deploy]", DefaultWords = "none" },
        new MapKey<HostSettings>("client.facts", s => s.Client.Facts, (s, v) => s with { Client = s.Client with { Facts = v } },
            "Facts that are reported beside those of the machine.") { For = Client, ChangesLive = true, Example = "{ rack: \"12\" }", DefaultWords = "none" },
        Option(Client, "client.heartbeat_interval", Duration(Second, TimeSpan.FromMinutes(10)), o => o.HeartbeatInterval, (o, v) => o with { HeartbeatInterval = v },
            "How often the client shows that it is there; less than half of timeouts.dead_after, the server's too."),
        Option(Client, "client.facts_interval", Duration(TimeSpan.FromSeconds(10), Day), o => o.FactsInterval, (o, v) => o with { FactsInterval = v },
            "How often it reports its facts anew."),
    ];

    private static IEnumerable<SettingKey<HostSettings>> Timeouts() =>
    [
        Option(Both, "timeouts.dead_after", Duration(TimeSpan.FromSeconds(3), TimeSpan.FromHours(1)), o => o.DeadAfter, (o, v) => o with { DeadAfter = v },
            "Silence after which the other side counts as gone."),
        Option(Server, "timeouts.delivery", Duration(TimeSpan.FromSeconds(2), Day), o => o.DeliveryTimeout, (o, v) => o with { DeliveryTimeout = v },
            "Time for a target to acknowledge an order that is given on the server itself, where it does not say."),
        Option(Server, "timeouts.run", Duration(Second, TimeSpan.FromDays(6)), o => o.RunTimeout, (o, v) => o with { RunTimeout = v },
            "Time for a command to run, of an order that is given on the server itself, where it does not say."),
        Option(Server, "timeouts.result_grace", Duration(Second, Day), o => o.ResultGrace, (o, v) => o with { ResultGrace = v },
            "Time for a result to come, beyond the command's run time."),
        Option(Server, "timeouts.return_grace", Duration(TimeSpan.Zero, Day), o => o.ReturnGrace, (o, v) => o with { ReturnGrace = v },
            "Time for a client that is at work to come back after it has gone offline."),
        Option(Server, "timeouts.restart_grace", Duration(TimeSpan.Zero, Day), o => o.RestartGrace, (o, v) => o with { RestartGrace = v },
            "Time for clients to come back after the server was restarted, before rows of its jobs end."),
        Option(Client, "timeouts.connect", Duration(TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(10)), o => o.ConnectTimeout, (o, v) => o with { ConnectTimeout = v },
            "Time for the first connection and registration."),
        Option(Client, "timeouts.clock_skew", Duration(TimeSpan.Zero, Day), o => o.ClockSkew, (o, v) => o with { ClockSkew = v },
            "How far the client's clock may be from the server's before orders count as expired."),
        Option(Client, "timeouts.termination", Duration(TimeSpan.Zero, TimeSpan.FromMinutes(10)), o => o.TerminationGrace, (o, v) => o with { TerminationGrace = v },
            "Between asking a command's processes to end and ending them."),
    ];

    private static IEnumerable<SettingKey<HostSettings>> Limits() =>
    [
        Option(Server, "limits.max_clients", Count(1, 10_000_000), o => o.MaxClients, (o, v) => o with { MaxClients = v }, "Clients that the server knows; more are refused."),
        Option(Server, "limits.max_jobs", Count(1, 10_000_000), o => o.MaxJobs, (o, v) => o with { MaxJobs = v }, "Jobs under way; more are refused."),
        Option(Server, "limits.max_pending_keys", Count(0, 1_000_000), o => o.MaxPendingKeys, (o, v) => o with { MaxPendingKeys = v }, "Keys that may wait for approval; more are refused."),
        Option(Server, "limits.max_operator_requests", Count(2, 10_000), o => o.MaxOperatorRequests, (o, v) => o with { MaxOperatorRequests = v }, "Requests of one operator's console at the same time."),
        Option(Server, "limits.max_packages", Count(1), o => o.Provisioning.MaxPackages, (o, v) => o with { Provisioning = o.Provisioning with { MaxPackages = v } }, "Versions of packages; more are refused."),
        Option(Server, "limits.max_applications", Count(1), o => o.Provisioning.MaxApplications, (o, v) => o with { Provisioning = o.Provisioning with { MaxApplications = v } }, "Applications, those that were removed included; more are refused."),
        Option(Both, "limits.max_tree_size", Size(1, 1L << 50), o => o.Files.MaxTreeBytes, (o, v) => o with { Files = o.Files with { MaxTreeBytes = v } }, "Bytes of all files of a directory that is sent."),
        Option(Server, "limits.reserved_disk", Size(0, 1L << 50), o => o.Files.ReservedDisk, (o, v) => o with { Files = o.Files with { ReservedDisk = v } }, "Bytes that the server's disk must have left after files have come."),
        Gate("limits.max_connections", Count(1, 1_000_000), g => g.MaxConnections, (g, v) => g with { MaxConnections = v }, "Connections to one port at a time, in all."),
        Gate("limits.max_connections_per_address", Count(1, 1_000_000), g => g.MaxConnectionsPerAddress, (g, v) => g with { MaxConnectionsPerAddress = v }, "Connections to one port at a time from one address (IPv6: one /64)."),
        Option(Client, "limits.max_concurrent_commands", Count(1, 10_000), o => o.MaxConcurrentCommands, (o, v) => o with { MaxConcurrentCommands = v }, "Commands that the client runs at the same time; more wait their turn."),
        Option(Client, "limits.max_waiting_commands", Count(0, 1_000_000), o => o.MaxWaitingCommands, (o, v) => o with { MaxWaitingCommands = v }, "Orders that wait on the client; more are refused."),
        Option(Client, "limits.output", Size(1024, 1L << 30), o => o.OutputBytes, (o, v) => o with { OutputBytes = (int)v }, "Bytes kept of each of a command's streams; what comes after is left out."),
        Option(Client, "limits.outbox", Size(1 << 20, 1L << 40), o => o.OutboxBytes, (o, v) => o with { OutboxBytes = v }, "Bytes of results that wait for the server; beyond, a result goes without its output."),
        Option(Client, "limits.provision_log", Size(64 * 1024, 1L << 40), o => o.Provision.LogBytes, (o, v) => o with { Provision = o.Provision with { LogBytes = v } }, "Bytes of the log of each package that a provisioning run applies; what comes after is left out."),
    ];

    private static IEnumerable<SettingKey<HostSettings>> Retention() =>
    [
        Key(Server, "retention.jobs", Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(36500)), s => s.Retention.Jobs, (s, v) => s with { Retention = s.Retention with { Jobs = v } },
            "How long jobs that have ended are kept.", live: true),
        Key(Server, "retention.job_output", Size(1 << 20, 1L << 50), s => s.Retention.JobOutput, (s, v) => s with { Retention = s.Retention with { JobOutput = v } },
            "Bytes of jobs' output that are kept; beyond, the oldest jobs that have ended go.", live: true),
        Option(Server, "retention.files", Duration(TimeSpan.FromHours(1), TimeSpan.FromDays(36500)), o => o.Files.TreeKeep, (o, v) => o with { Files = o.Files with { TreeKeep = v } },
            "How long files that operators sent and clients offered are kept after they were last wanted."),
        Option(Server, "retention.enrollments", Duration(TimeSpan.FromHours(1), TimeSpan.FromDays(36500)), o => o.GrantRetention, (o, v) => o with { GrantRetention = v },
            "How long enrolments and tokens are kept after they were used, withdrawn or over."),
        Option(Server, "retention.pending_keys", Duration(TimeSpan.FromHours(1), TimeSpan.FromDays(36500)), o => o.PendingKeyLifetime, (o, v) => o with { PendingKeyLifetime = v },
            "How long a key that nobody has decided about is kept after it was last there."),
        Option(Client, "retention.provision_logs", Count(1, 1_000_000), o => o.Provision.Logs, (o, v) => o with { Provision = o.Provision with { Logs = v } },
            "Logs of provisioning runs that a client keeps; the oldest go."),
        Option(Client, "retention.provision_log_size", Size(1 << 20, 1L << 50), o => o.Provision.AllLogsBytes, (o, v) => o with { Provision = o.Provision with { AllLogsBytes = v } },
            "Bytes of all these logs together; the oldest go."),
    ];

    private static IEnumerable<SettingKey<HostSettings>> Watching() =>
    [
        Key(Both, "metrics.prometheus", Listen, s => s.Metrics.Prometheus, (s, v) => s with { Metrics = s.Metrics with { Prometheus = v } },
            "Where Prometheus finds /metrics, without a password: keep it on loopback or a network of your own.") with { Example = "127.0.0.1:9464", DefaultWords = "nowhere" },
        Key(Both, "health.address", Listen, s => s.Health.Address, (s, v) => s with { Health = s.Health with { Address = v } },
            "Where /healthz says whether the host is well; may be the address of Prometheus.") with { Example = "127.0.0.1:9464", DefaultWords = "nowhere" },
    ];

    private static SettingKey<HostSettings> Key<T>(
        ConfigurationKind[] kinds, string path, SettingType<T> type, Func<HostSettings, T?> get, Func<HostSettings, T, HostSettings> set, string why, bool live = false) =>
        new SingleKey<HostSettings, T>(path, type, get, set, why) { For = kinds, ChangesLive = live };

    private static SettingKey<HostSettings> Option<T>(
        ConfigurationKind[] kinds, string path, SettingType<T> type, Func<PantryOptions, T?> get, Func<PantryOptions, T, PantryOptions> set, string why) =>
        Key(kinds, path, type, s => get(s.Options), (s, v) => s with { Options = set(s.Options, v) }, why);

    private static SettingKey<HostSettings> Gate(string path, SettingType<int> type, Func<GateLimits, int> get, Func<GateLimits, int, GateLimits> set, string why) =>
        Key(Server, path, type, s => get(s.Gate), (s, v) => s with { Gate = set(s.Gate, v) }, why);
}
