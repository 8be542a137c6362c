using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;
using Pantry.Transport;

namespace Pantry.Tests.Output;

/// <summary>A client's side of live output, and a server that is slow, silent or gone.</summary>
public sealed class OutputPumpTests : IDisposable
{
    private static readonly PantryOptions Options = new() { LiveInterval = TimeSpan.FromMilliseconds(5), ResultRetry = TimeSpan.FromMinutes(1) };

    private readonly List<OutputPiece> _sent = [];
    private readonly MemoryStream _bytes = new();
    private readonly CappedOutput _output = new(4 * 1024 * 1024);
    private readonly WatchedClock _clock = new();

    [Fact]
    public async Task A_server_that_confirms_nothing_gets_a_window_of_pieces_and_the_command_does_not_wait()
    {
        using OutputPump pump = Begin(Options);
        _output.Add(Lines(3 * 1024 * 1024));

        await Fleet.EventuallyAsync(() => Count == Options.LiveWindow, "the window is sent");
        await SomeTurnsAsync();
        Assert.Equal(Options.LiveWindow, Count);

        pump.Confirm(10);
        await Fleet.EventuallyAsync(() => Count == Options.LiveWindow + 10, "as many as were confirmed");
        Assert.Equal(Enumerable.Range(0, Options.LiveWindow + 10), _sent.Select(piece => piece.Sequence));
        Assert.Equal(10, _sent[^1].Oldest);
    }

    [Fact]
    public async Task What_was_not_confirmed_is_sent_again_on_another_link_and_after_a_while()
    {
        using OutputPump pump = Begin(Options with { ResultRetry = TimeSpan.FromMilliseconds(300) });
        _output.Add("one\n"u8);
        await Fleet.EventuallyAsync(() => Count == 1, "the first piece");
        _output.Add("two\n"u8);
        await Fleet.EventuallyAsync(() => Count == 2, "the second piece");

        pump.Confirm(1);
        pump.Resume();
        await Fleet.EventuallyAsync(() => Count >= 3, "the second piece again");
        await Fleet.EventuallyAsync(() => Count >= 5, "and again after a while");

        Assert.Equal([0, 1, 1, 1, 1], _sent.Take(5).Select(piece => piece.Sequence));
        Assert.All(_sent.Skip(1), piece => Assert.Equal(4, piece.Place));
    }

    [Fact]
    public async Task A_line_that_is_not_ended_comes_after_a_moment_and_a_value_of_a_secret_never()
    {
        using OutputPump pump = Begin(Options, "hunter2");
        _output.Add("Password for hunter"u8);
        await Fleet.EventuallyAsync(() => Text == "Password for ", "what is decided");
        await SomeTurnsAsync();
        Assert.Equal("Password for ", Text);

        _output.Add("2? "u8);
        await Fleet.EventuallyAsync(() => Text == $"Password for {SecretRedactor.Mask}? ", "the rest, masked");
    }

    [Fact]
    public async Task The_end_of_what_is_kept_says_that_the_rest_is_left_out()
    {
        using var small = new CappedOutput(10);
        using OutputPump pump = Begin(Options, source: small);
        small.Add("12345\n7890and more"u8);
        await Fleet.EventuallyAsync(() => Text == "12345\n7890", "what is kept");

        Assert.Equal([false, true], _sent.Select(piece => piece.Truncated));
    }

    [Fact]
    public async Task Nothing_is_sent_once_the_command_has_ended()
    {
        OutputPump pump = Begin(Options);
        pump.Dispose();
        _output.Add("late\n"u8);
        await _clock.TimerGone.WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);

        Assert.Equal(0, Count);
    }

    [Fact]
    public async Task A_failure_ends_the_live_output_alone_and_is_logged_once_without_secrets()
    {
        var log = new ListLogger();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var pump = new OutputPump(
            "job", _ => throw new InvalidOperationException("no link for hunter2"), new SecretRedactor(["hunter2"u8.ToArray()]), Options, TimeProvider.System, _ => gone.TrySetResult(), log);
        pump.Attach(Result.StandardOutputBody, _output);
        _output.Add("one\n"u8);
        await gone.Task.WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);

        string error = Assert.Single(log.Errors);
        Assert.Contains($"no link for {SecretRedactor.Mask}", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _output.Dispose();
        _bytes.Dispose();
    }

    private int Count
    {
        get
        {
            lock (_sent)
                return _sent.Count;
        }
    }

    private string Text
    {
        get
        {
            lock (_sent)
                return Encoding.UTF8.GetString(_bytes.ToArray());
        }
    }

    private OutputPump Begin(PantryOptions options, string? secret = null, CappedOutput? source = null)
    {
        var pump = new OutputPump("job", Send, new SecretRedactor(secret is null ? [] : [Encoding.UTF8.GetBytes(secret)]), options, _clock, _ => { }, NullLogger.Instance);
        pump.Attach(Result.StandardOutputBody, source ?? _output);
        return pump;
    }

    // While something is unconfirmed the pump looks at the clock at the beginning of each turn: what the turns before the last look had to send is sent.
    private async Task SomeTurnsAsync()
    {
        int looks = _clock.Looks;
        await Fleet.EventuallyAsync(() => _clock.Looks >= looks + 10, "ten more turns");
    }

    private Task<SendOutcome> Send(Message message)
    {
        lock (_sent)
        {
            _sent.Add(message.HeadAs<OutputPiece>());
            _bytes.Write(message.Body(0));
        }

        return Task.FromResult(SendOutcome.Sent);
    }

    private static byte[] Lines(int bytes) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, bytes / 16).Select(i => $"line {i:0000000000}\n")));

    /// <summary>The machine's clock, which tells how often it was looked at, and when its timer is done with.</summary>
    private sealed class WatchedClock : TimeProvider
    {
        private readonly TaskCompletionSource _timerGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);

        public Task TimerGone => _timerGone.Task;

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _looks);
            return base.GetTimestamp();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Timer(base.CreateTimer(callback, state, dueTime, period), _timerGone);

        private sealed class Timer(ITimer timer, TaskCompletionSource gone) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                timer.Dispose();
                gone.TrySetResult();
            }

            public async ValueTask DisposeAsync()
            {
                await timer.DisposeAsync();
                gone.TrySetResult();
            }
        }
    }
}
