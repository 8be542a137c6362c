using Pantry.Files;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.Files;

/// <summary>How long bytes wait, by a clock that goes on only when they do.</summary>
public sealed class ByteRateTests
{
    private readonly StepClock _clock = new();

    [Fact]
    public async Task Each_piece_waits_as_long_as_those_before_it_take()
    {
        var rate = new ByteRate(1000, _clock);

        int[] waits = await WaitsAsync(rate, 500, 250, 2000, 1);

        Assert.Equal([0, 500, 250, 2000], waits);
    }

    [Theory]
    [InlineData(1000, 100)]
    [InlineData(512 * 1024, 64 * 1024)]
    [InlineData(100L * 1024 * 1024 * 1024, 1024 * 1024 * 1024)]
    public async Task What_flows_without_a_pause_is_never_ahead_of_the_rate(long bytesPerSecond, int piece)
    {
        var rate = new ByteRate(bytesPerSecond, _clock);

        int[] waits = await WaitsAsync(rate, [.. Enumerable.Repeat(piece, 101)]);

        // The last one begins when the hundred before it are through.
        Assert.Equal(100 * 1000L * piece / bytesPerSecond, waits.Sum());
    }

    [Fact]
    public async Task After_a_long_pause_a_second_s_worth_is_let_go_and_then_it_is_as_slow_as_before()
    {
        var rate = new ByteRate(1000, _clock);
        await WaitsAsync(rate, 250);
        _clock.Advance(60_000);

        int[] waits = await WaitsAsync(rate, 250, 250, 250, 250, 250, 250, 250);

        Assert.Equal([0, 0, 0, 0, 0, 250, 250], waits);
    }

    [Fact]
    public async Task Several_flows_share_one_rate()
    {
        var rate = new ByteRate(1000, _clock);
        Task[] waiting = [.. Enumerable.Range(0, 4).Select(_ => rate.WaitAsync(500, default).AsTask())];

        List<int> left = [];
        for (; _clock.Waiting > 0; _clock.Advance(500))
            left.Add(_clock.Waiting);

        Assert.Equal([3, 2, 1], left);
        await Task.WhenAll(waiting).WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Who_gives_up_does_not_wait_to_the_end()
    {
        var rate = new ByteRate(1, _clock);
        await rate.WaitAsync(1_000_000, default);
        using var giveUp = new CancellationTokenSource();
        Task waiting = rate.WaitAsync(1, giveUp.Token).AsTask();

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken));
    }

    // Milliseconds that each piece has waited.
    private async Task<int[]> WaitsAsync(ByteRate rate, params int[] pieces)
    {
        var waits = new List<int>();
        foreach (int bytes in pieces)
        {
            long begun = _clock.GetTimestamp();
            Task waiting = rate.WaitAsync(bytes, TestContext.Current.CancellationToken).AsTask();
            while (_clock.Waiting > 0)
                _clock.Advance(1);
            await waiting.WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);
            waits.Add((int)(_clock.GetTimestamp() - begun));
        }

        return [.. waits];
    }
}
