using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Logging;

namespace Pantry.Tests.Logging;

public sealed class LogLineTests
{
    private static readonly DateTimeOffset Noon = new(2026, 2, 3, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_line_of_JSON_has_the_values_of_its_message_as_fields()
    {
        string line = Assert.Single(await WrittenAsync(LogFormat.Json, log => log.LogWarning("Order {Job} is refused: {Code}", "019a", "OutOfScope")));

        JsonElement json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("warn", json.GetProperty("level").GetString());
        Assert.Equal("Order 019a is refused: OutOfScope", json.GetProperty("message").GetString());
        Assert.Equal(("019a", "OutOfScope", "Pantry.Test"), (json.GetProperty("job").GetString(), json.GetProperty("code").GetString(), json.GetProperty("source").GetString()));
        Assert.True(json.GetProperty("time").GetDateTimeOffset() > Noon);
    }

    [Fact]
    public async Task Nobody_can_begin_a_line_of_somebody_elses()
    {
        const string Hostile = "x\n2026-01-01T00:00:00.000Z error Pantry.Server: forged\r\u001b[2J\u202e";

        IReadOnlyList<string> lines = await WrittenAsync(LogFormat.Text, log => log.LogInformation("Client {Client} is online.", Hostile));

        string line = Assert.Single(lines);
        Assert.DoesNotContain(line, character => char.IsControl(character) || character == '\u202e');
        Assert.Contains("Pantry.Test: Client x 2026", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_follows_its_line_indented()
    {
        IReadOnlyList<string> lines = await WrittenAsync(LogFormat.Text, log => log.LogError(new InvalidOperationException("a\nb"), "It failed."));

        Assert.EndsWith("error Pantry.Test: It failed.", lines[0], StringComparison.Ordinal);
        Assert.All(lines.Skip(1), line => Assert.StartsWith("    ", line, StringComparison.Ordinal));
        Assert.Contains("InvalidOperationException: a", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_level_can_be_changed_while_the_log_is_open()
    {
        var writer = new StringWriter();
        await using (HostLog log = HostLog.Open(new LogSettings { Level = LogSeverity.Warn, Targets = [new LogTarget(LogOutput.Stdout)] }, [], writer))
        {
            ILogger source = log.CreateLogger("Pantry.Test");
            source.LogInformation("one");
            log.Level = LogSeverity.Debug;
            source.LogDebug("two");
            log.Level = LogSeverity.None;
            source.LogCritical("three");
        }

        Assert.Equal("two", Assert.Single(Lines(writer)).Split(' ')[^1]);
    }

    [Fact]
    public async Task What_a_slow_place_has_no_room_for_is_left_out_and_counted()
    {
        var slow = new HeldWriter();
        await using (HostLog log = HostLog.Open(new LogSettings { WaitingLines = 16, Targets = [new LogTarget(LogOutput.Stdout)] }, [], slow))
        {
            ILogger source = log.CreateLogger("Pantry.Test");
            source.LogInformation("first");
            Assert.True(slow.Begun.Wait(TimeSpan.FromSeconds(10)));
            for (int i = 0; i < 100; i++)
                source.LogInformation("{Number}", i);
            slow.Go.Set();
        }

        Assert.Contains("84 lines are missing here", slow.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Syslog_and_the_journal_get_lines_in_their_own_forms()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Their sockets are Linux's.");
        string folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;
        try
        {
            var line = new LogLine(Noon, LogLevel.Warning, "Pantry.Server", "Job 019a goes on.", [KeyValuePair.Create("Job", "019a")], "Boom\n  at here");

            string syslog = await SentAsync(Path.Combine(folder, "log"), path => DatagramSink.Open("syslog", path, one => SyslogLine.Of(one, "pantry")), line);
            string journal = await SentAsync(Path.Combine(folder, "journal"), path => DatagramSink.Open("journald", path, one => JournalLine.Of(one, "pantry")), line);

            Assert.Matches(@"^<28>Feb  3 \d\d:\d\d:\d\d pantry\[\d+\]: Job 019a goes on\. \| Boom \|   at here$", syslog);
            const string Message = "Job 019a goes on.\nBoom\n  at here";
            Assert.StartsWith($"MESSAGE\n{(char)Message.Length}\0\0\0\0\0\0\0{Message}\nPRIORITY=4\nSYSLOG_IDENTIFIER=pantry\n", journal, StringComparison.Ordinal);
            Assert.Contains("\nPANTRY_JOB=019a\n", journal, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_daemon_that_is_not_there_is_an_error_that_names_the_cure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Its socket is Linux's.");

        var error = Assert.Throws<PantryException>(() => DatagramSink.Open("journald", "/nowhere/socket", _ => []));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains("log_to says journald, and nothing listens at /nowhere/socket", error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> SentAsync(string path, Func<string, DatagramSink> open, LogLine line)
    {
        using var daemon = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        daemon.Bind(new UnixDomainSocketEndPoint(path));
        using (DatagramSink sink = open(path))
            sink.Write([line]);
        byte[] buffer = new byte[64 * 1024];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        int length = await daemon.ReceiveAsync(buffer, deadline.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static async Task<IReadOnlyList<string>> WrittenAsync(LogFormat format, Action<ILogger> say)
    {
        var writer = new StringWriter();
        await using (HostLog log = HostLog.Open(new LogSettings { Format = format, Targets = [new LogTarget(LogOutput.Stdout)] }, [], writer))
            say(log.CreateLogger("Pantry.Test"));
        return Lines(writer);
    }

    private static string[] Lines(StringWriter writer) => writer.ToString().Split(Environment.NewLine.ToCharArray(), StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A place that takes its first line only when it is told to.</summary>
    private sealed class HeldWriter : StringWriter
    {
        public ManualResetEventSlim Begun { get; } = new();

        public ManualResetEventSlim Go { get; } = new();

        public override void WriteLine(string? value)
        {
            Begun.Set();
            Go.Wait(TimeSpan.FromSeconds(10));
            base.WriteLine(value);
        }
    }
}
