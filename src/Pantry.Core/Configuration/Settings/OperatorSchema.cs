using static Pantry.Configuration.Settings.SettingTypes;

namespace Pantry.Configuration.Settings;

/// <summary>All keys of an operator's own defaults.</summary>
internal static class OperatorSchema
{
    private static readonly ConfigurationKind[] Operator = [ConfigurationKind.Operator];

    public static SettingsSchema<OperatorSettings> Instance { get; } = new(
        new OperatorSettings(),
        [
            Key("server", Address, s => s.Server, (s, v) => s with { Server = v },
                "Address of the server, with or without the port for answers.") with { Example = "pantry.example", DefaultWords = "the operator file's" },
            Key("operator_file", FilePath, s => s.OperatorFile, (s, v) => s with { OperatorFile = v },
                "The operator's own keys, as New-PantryOperator -OutFile wrote them; a relative path begins at this file's directory.")
            with { Example = "mary.operator", DefaultWords = "none: Connect-PantryServer is needed" },
            Key("proxy", Proxy, s => s.Proxy, (s, v) => s with { Proxy = v },
                "Proxy to dial through, by HTTP CONNECT or SOCKS5. With a password in it the file must be its owner's alone.") with { Example = "socks5://proxy.example:1080", DefaultWords = "none" },
            Option("batch_size", Count(0, 1_000_000), o => o.BatchSize, (o, v) => o with { BatchSize = v },
                "Clients that an order goes to at the same time, where it does not say; 0 is all."),
            Option("timeouts.connect", Duration(TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(10)), o => o.ConnectTimeout, (o, v) => o with { ConnectTimeout = v },
                "Time for a connection."),
            Option("timeouts.delivery", Duration(TimeSpan.FromSeconds(2), TimeSpan.FromDays(1)), o => o.DeliveryTimeout, (o, v) => o with { DeliveryTimeout = v },
                "Time for a target to acknowledge an order, where it does not say."),
            Option("timeouts.run", Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(6)), o => o.RunTimeout, (o, v) => o with { RunTimeout = v },
                "Time for a command to run, where the order does not say."),
            Option("timeouts.request", Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), o => o.RequestTimeout, (o, v) => o with { RequestTimeout = v },
                "Time for the answer to a request, such as a list."),
            Option("timeouts.reattach", Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(3650)), o => o.ReattachTimeout, (o, v) => o with { ReattachTimeout = v },
                "How long a console that has lost the server waits for a job's rows."),
        ],
        []);

    private static SettingKey<OperatorSettings> Key<T>(
        string path, SettingType<T> type, Func<OperatorSettings, T?> get, Func<OperatorSettings, T, OperatorSettings> set, string why) =>
        new SingleKey<OperatorSettings, T>(path, type, get, set, why) { For = Operator, ChangesLive = false };

    private static SettingKey<OperatorSettings> Option<T>(string path, SettingType<T> type, Func<PantryOptions, T?> get, Func<PantryOptions, T, PantryOptions> set, string why) =>
        Key(path, type, s => get(s.Options), (s, v) => s with { Options = set(s.Options, v) }, why);
}
