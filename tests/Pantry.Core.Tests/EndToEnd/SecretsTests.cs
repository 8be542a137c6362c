using System.Text;
using System.Text.Json;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Server.Jobs;
using Pantry.Targeting;
using Pantry.Tests.Commands;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.EndToEnd;

/// <summary>A value that must be nowhere but where it belongs, through a real server, console and clients.</summary>
public sealed class SecretsTests
{
    private const string Canary = "canary-7Zq4vT-Wx9";

    private static readonly PantryOptions Quick = new() { TerminationGrace = TimeSpan.FromMilliseconds(300), OutputDrain = TimeSpan.FromMilliseconds(200) };

    private static readonly Dictionary<string, byte[]> Secrets = new() { ["API_KEY"] = Encoding.UTF8.GetBytes(Canary) };

    /// <summary>The ways in which a value could be written down.</summary>
    private static IEnumerable<byte[]> Traces =>
    [
        Encoding.UTF8.GetBytes(Canary),
        Encoding.Unicode.GetBytes(Canary),
        // Base64 of its middle, whatever it is shifted by.
        .. Enumerable.Range(0, 3).Select(shift => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)[shift..][..12]))),
        Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(Canary))),
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Canary))),
    ];

    public static bool NotOnLinux => !OperatingSystem.IsLinux();

    [Theory]
    [InlineData("utf-8", "", "")]
    [InlineData("utf-16", "", "")]
    [InlineData("base64", "", "")]
    [InlineData("base64", "1", "23")]
    [InlineData("base64", "12", "3")]
    [InlineData("hex", "x", "")]
    public void The_search_of_these_tests_finds_what_it_looks_for(string how, string before, string after)
    {
        byte[] plain = Encoding.UTF8.GetBytes(before + Canary + after);
        byte[] written = how switch
        {
            "utf-16" => Encoding.Unicode.GetBytes(before + Canary + after),
            "base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(plain)),
            "hex" => Encoding.ASCII.GetBytes(Convert.ToHexString(plain)),
            _ => plain,
        };

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertNoTrace([[1, 2, 3, .. written, 0]], "a file"));
    }

    [Theory(SkipWhen = nameof(NotOnLinux), Skip = "/proc is Linux's.")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_secret_is_in_the_commands_environment_and_nowhere_else(bool overTheNetwork)
    {
        ListLogger serverLog = new(), clientLog = new();
        await using Fleet fleet = await Fleet.StartAsync(Quick, log: serverLog);
        await fleet.StartAsync(await fleet.ConfigurationAsync("a"), log: clientLog);
        await fleet.AddAsync("b");
        await using RemoteFleet? console = overTheNetwork ? await fleet.ConnectAsync() : null;
        string go = Path.Combine(fleet.Root, "go");

        Task<List<ResultRow>> running = fleet.RunAsync(
            Shell($"while [ ! -e {go} ]; do sleep 0.02; done; printf '%s' \"$API_KEY\" | sha256sum; exit 3") with { Target = Target.All, Secrets = Secrets }, console);
        IReadOnlyList<int> children = [];
        await Fleet.EventuallyAsync(() => (children = Processes.WithVariable($"API_KEY={Canary}")).Count >= 2, "the secret in the environment of both clients' commands");
        AssertNoTrace(Processes.CommandLines(), "command lines");
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        List<ResultRow> rows = await running;

        string expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Secrets["API_KEY"]));
        Assert.All(rows, row => Assert.StartsWith(expected, Fleet.Text(row), StringComparison.Ordinal));
        Assert.Equal(2, rows.Count);
        AssertNoTrace(rows.Select(row => $"{row} {row.Result} {row.Result.Error}"), "results");
        AssertNoTrace(rows.SelectMany(row => row.Bodies), "output");
        AssertNoTrace(serverLog.Lines, "the server's log");
        AssertNoTrace(clientLog.Lines, "the client's log");
        AssertNoTrace([$"{fleet.Server.Statistics()}"], "statistics");
        await AssertNoTraceInAuditAsync(fleet);
        AssertNoTraceInFiles(fleet.Root);
        Assert.NotEmpty(serverLog.Lines);
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task What_a_command_prints_of_its_secret_is_neither_in_its_output_nor_in_the_error_nor_in_any_file()
    {
        ListLogger serverLog = new(), clientLog = new();
        await using Fleet fleet = await Fleet.StartAsync(Quick, log: serverLog);
        await fleet.StartAsync(await fleet.ConfigurationAsync("a"), log: clientLog);

        ResultRow row = Assert.Single(await fleet.RunAsync(Shell("echo \"wrong key: $API_KEY\" >&2; exit 1") with { Secrets = Secrets }));

        Assert.Equal($"wrong key: {SecretRedactor.Mask}\n", Encoding.UTF8.GetString(row.Body(Result.StandardErrorBody)));
        Assert.EndsWith($"It said: wrong key: {SecretRedactor.Mask}", row.Result.Error!.Message, StringComparison.Ordinal);
        AssertNoTrace(serverLog.Lines.Concat(clientLog.Lines), "logs");
        await AssertNoTraceInAuditAsync(fleet);
        AssertNoTraceInFiles(fleet.Root);
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task A_secret_across_the_point_where_the_last_words_are_cut_is_taken_out_all_the_same()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");

        // 2,048 bytes from the end lies in the middle of the value; 200 characters from the line's beginning, too.
        foreach (string line in (string[])["printf '%s' \"$API_KEY\" >&2; printf '%02040d' 0 >&2; exit 1", "printf '%0190d' 0 >&2; printf '%s and more' \"$API_KEY\" >&2; exit 1"])
        {
            ResultRow row = Assert.Single(await fleet.RunAsync(Shell(line) with { Secrets = Secrets }));
            for (int start = 0; start + 6 <= Canary.Length; start++)
                Assert.DoesNotContain(Canary.Substring(start, 6), row.Result.Error!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_and_a_command_that_fails_inside_show_no_secret()
    {
        ListLogger clientLog = new();
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        var commands = new CommandTable();
        commands.Add(new TellingCommand());
        await fleet.StartAsync(await fleet.ConfigurationAsync("a"), commands, clientLog);

        ResultRow notStarted = Assert.Single(await fleet.RunAsync(
            Request(new ShellArguments(null, $"/no/such/{Canary}")) with { Secrets = Secrets }));
        ResultRow failed = Assert.Single(await fleet.RunAsync(new JobRequest { Target = Target.Clients(["a"]), Command = "Tell", Secrets = Secrets }));

        Assert.Equal("ProgramNotStarted", notStarted.Result.Error!.Code);
        Assert.Contains(SecretRedactor.Mask, notStarted.Result.Error.Message, StringComparison.Ordinal);
        Assert.Equal("CommandFailed", failed.Result.Error!.Code);
        AssertNoTrace([notStarted.Result.Error.Message, failed.Result.Error.Message], "errors");
        AssertNoTrace(clientLog.Lines, "the client's log");
        Assert.NotEmpty(clientLog.Errors);
    }

    [Theory]
    [InlineData("not a name", "value")]
    [InlineData("LD_PRELOAD", "value")]
    [InlineData("NAME", "va\0lue")]
    public async Task A_secret_that_can_be_no_variable_is_a_named_error_and_nothing_runs(string name, string value)
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");
        string ran = Path.Combine(fleet.Root, "ran");

        ResultRow row = Assert.Single(await fleet.RunAsync(Shell($"touch {ran}") with { Secrets = new Dictionary<string, byte[]> { [name] = Encoding.UTF8.GetBytes(value) } }));

        Assert.Equal((CommandStatus.Failed, "InvalidArgument"), (row.Result.Status, row.Result.Error!.Code));
        Assert.False(File.Exists(ran));
    }

    [Fact]
    public async Task Neither_the_server_nor_a_client_that_is_no_target_can_open_what_is_sealed_to_another()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        ClientConfiguration target = await fleet.ConfigurationAsync("a"), other = await fleet.ConfigurationAsync("b");
        await fleet.StartAsync(target);
        await fleet.StartAsync(other);
        using CurveKeyPair targetKey = KeyOf(target), otherKey = KeyOf(other);
        using CurveKeyPair serverKey = CurveKeyFile.Load(Assert.Single(Directory.GetFiles(Path.Combine(fleet.Root, "server"), "server.key", SearchOption.AllDirectories)));

        SignedJob signed = await SignAsync(fleet, Target.Clients(["a"]));

        string job = JsonDocument.Parse(signed.Order.Statement).RootElement.GetProperty("job").GetString()!;
        byte[] wrapped = TargetTags.WrappedKey(signed.Entries, TargetTags.Tag(job, "a"))!;
        Assert.Equal(Secrets, SealedSecrets.Open(job, signed.Secrets, wrapped, targetKey));
        Assert.Null(SealedSecrets.Open(job, signed.Secrets, wrapped, otherKey));
        Assert.Null(SealedSecrets.Open(job, signed.Secrets, wrapped, serverKey));
        AssertNoTrace([signed.Order.Statement, signed.Secrets, signed.Entries, signed.Arguments], "what the server gets");
    }

    [Fact]
    public async Task Secrets_that_are_sealed_to_another_key_than_the_clients_are_a_named_error_and_nothing_runs()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");
        using CurveKeyPair another = CurveKeyPair.Generate();
        string ran = Path.Combine(fleet.Root, "ran");

        SignedJob signed = fleet.Server.Authority.LocalSigner(Quick).Sign(Shell($"touch {ran}") with { Secrets = Secrets }, _ => another.PublicKey);
        Job job = await fleet.Server.Jobs.StartAsync(signed, fleet.Server.Authority.Bundle.Find(Authority.LocalOperator)!, from: null);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        ResultRow row = await job.Rows.ReadAsync(0, deadline.Token).FirstAsync(deadline.Token);

        Assert.Equal((CommandStatus.Failed, "SecretsUnreadable"), (row.Result.Status, row.Result.Error!.Code));
        Assert.False(File.Exists(ran));
    }

    private static async Task<SignedJob> SignAsync(Fleet fleet, Target target)
    {
        (JobRequest listed, Func<string, PublicKey> keyOf) = await SecretTargets.ExpandAsync(
            fleet.Server.Fleet, Shell("true") with { Target = target, Secrets = Secrets }, TestContext.Current.CancellationToken);
        return fleet.Server.Authority.LocalSigner(Quick).Sign(listed, keyOf);
    }

    private static CurveKeyPair KeyOf(ClientConfiguration client) => CurveKeyFile.Load(Path.Combine(client.Path, "client.key"));

    private static JobRequest Shell(string line) => Request(new ShellArguments(line));

    private static JobRequest Request(ShellArguments arguments) => new()
    {
        Target = Target.Clients(["a"]),
        Command = ShellCommand.CommandName,
        Format = BodyFormat.Json,
        Arguments = Fleet.Json(arguments),
    };

    private static void AssertNoTrace(IEnumerable<string> texts, string where) => AssertNoTrace(texts.Select(Encoding.UTF8.GetBytes), where);

    private static void AssertNoTrace(IEnumerable<byte[]> contents, string where)
    {
        foreach (byte[] content in contents)
            Assert.False(Traces.Any(trace => content.AsSpan().IndexOf(trace) >= 0), $"The secret is in {where}.");
    }

    private static async Task AssertNoTraceInAuditAsync(Fleet fleet)
    {
        await fleet.Server.Audit.FlushAsync();
        List<AuditEntry> entries = await fleet.Server.Fleet.FindAuditAsync(new AuditFilter(), TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Contains(entries, entry => entry.Action == "Order");
        AssertNoTrace(entries.Select(entry => JsonSerializer.Serialize(entry)), "the audit log");
    }

    /// <summary>Looks into every file of the server and the clients: databases and their logs, journals, keys.</summary>
    private static void AssertNoTraceInFiles(string root)
    {
        string[] files = Directory.GetFiles(root, "*", SearchOption.AllDirectories);
        foreach (string expected in (string[])["pantry.db", "jobs.db", "journal.db", "client.key"])
            Assert.Contains(files, file => Path.GetFileName(file) == expected);
        // Locks, which nobody else may open, are empty.
        foreach (string file in files.Where(file => new FileInfo(file).Length > 0))
            AssertNoTrace([Read(file)], file);
    }

    // Not ReadAllBytes, which wants to lock what the server has open.
    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private sealed class TellingCommand : ICommand
    {
        public string Name => "Tell";

        public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) =>
            throw new InvalidOperationException($"Cannot log in with {Encoding.UTF8.GetString(context.Secrets["API_KEY"])}.", new ArgumentException(Canary));
    }
}
