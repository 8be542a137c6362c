using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>MESSAGE boxes of a session.</summary>
public sealed class CurveSessionTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly CurveRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1_000_000)]
    public void Data_of_any_size_arrive_as_they_were(int size)
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        byte[] data = new byte[size];
        new Random(size).NextBytes(data);
        byte[] command = client.Seal(data, more: size % 2 == 1);
        Assert.Equal(size + 33, command.Length);
        Assert.Equal(CurveFault.None, server.Open(command, out byte[] opened, out bool more));
        Assert.Equal(data, opened);
        Assert.Equal(size % 2 == 1, more);
        Assert.Equal(1UL, client.Sealed);
        Assert.Equal(1UL, server.Opened);
    }

    [Fact]
    public void A_repeated_or_overtaken_message_is_refused_and_a_lost_one_is_not_missed()
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        byte[][] commands = [.. Enumerable.Range(0, 4).Select(i => client.Seal([(byte)i], more: false))];
        Assert.Equal(CurveFault.None, server.Open(commands[0], out _, out _));
        Assert.Equal(CurveFault.BadNonce, server.Open(commands[0], out _, out _));
        Assert.Equal(CurveFault.None, server.Open(commands[2], out _, out _));
        Assert.Equal(CurveFault.BadNonce, server.Open(commands[1], out byte[] data, out _));
        Assert.Empty(data);
        Assert.Equal(CurveFault.None, server.Open(commands[3], out data, out _));
        Assert.Equal([3], data);
        Assert.Equal(3UL, server.Opened);
    }

    [Fact]
    public void A_message_does_not_come_back_to_its_sender()
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        _ = client.Seal([], more: false);
        byte[] command = client.Seal([1], more: false);
        Assert.Equal(CurveFault.WrongKey, client.Open(command, out _, out _));
        Assert.Equal(CurveFault.None, server.Open(command, out _, out _));
    }

    [Fact]
    public void A_message_of_another_session_does_not_open()
    {
        byte[] command = _rig.Sessions().Client.Seal([1], more: false);
        Assert.Equal(CurveFault.WrongKey, _rig.Sessions().Server.Open(command, out _, out _));
    }

    [Fact]
    public void Every_byte_of_MESSAGE_counts_and_a_refused_one_changes_nothing()
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        byte[] command = client.Seal("as it was"u8, more: false);
        for (int i = 0; i < command.Length; i++)
        {
            byte[] changed = [.. command];
            changed[i] ^= 0x40;
            Assert.NotEqual(CurveFault.None, server.Open(changed, out byte[] none, out _));
            Assert.Empty(none);
        }

        for (int length = 0; length < command.Length; length++)
            Assert.NotEqual(CurveFault.None, server.Open(command.AsSpan(0, length), out _, out _));
        Assert.NotEqual(CurveFault.None, server.Open((byte[])[.. command, 0], out _, out _));
        Assert.Equal(0UL, server.Opened);
        Assert.Equal(CurveFault.None, server.Open(command, out byte[] data, out _));
        Assert.Equal("as it was"u8, data);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(0x80)]
    [InlineData(3)]
    public void A_message_with_flags_that_mean_something_else_is_refused(byte flags)
    {
        byte[] key = new byte[32];
        using var server = new CurveSession(key, isServer: true, 1, 1);
        byte[] command = [.. "\u0007MESSAGE"u8, 0, 0, 0, 0, 0, 0, 0, 5, .. new byte[18]];
        CurveBox.Seal(key, (byte[])[.. "CurveZMQMESSAGEC"u8, .. command.AsSpan(8, 8)], [flags, 9], command.AsSpan(16));
        Assert.Equal(CurveFault.Malformed, server.Open(command, out byte[] data, out bool more));
        Assert.Empty(data);
        Assert.False(more);
        CurveBox.Seal(key, (byte[])[.. "CurveZMQMESSAGEC"u8, .. command.AsSpan(8, 8)], [1, 9], command.AsSpan(16));
        Assert.Equal(CurveFault.None, server.Open(command, out _, out more));
        Assert.True(more);
    }

    [Fact]
    public void The_last_nonce_is_used_and_none_after_it()
    {
        byte[] key = new byte[32];
        using var client = new CurveSession(key, isServer: false, ulong.MaxValue - 1, 1);
        using var server = new CurveSession(key, isServer: true, 1, 1);
        byte[] last = client.Seal([], more: false);
        Assert.Throws<InvalidOperationException>(() => client.Seal([], more: false));
        Assert.Equal(CurveFault.None, server.Open(last, out _, out _));
        Assert.Equal(CurveFault.Exhausted, server.Open(last, out _, out _));
    }

    [Fact]
    public void After_disposal_nothing_is_sealed_or_opened()
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        byte[] command = client.Seal([], more: false);
        client.Dispose();
        server.Dispose();
        Assert.Throws<ObjectDisposedException>(() => client.Seal([], more: false));
        Assert.Throws<ObjectDisposedException>(() => server.Open(command, out _, out _));
    }

    [Fact]
    public async Task A_session_seals_and_opens_at_the_same_time()
    {
        const int count = 4000;
        (CurveSession client, CurveSession server) = _rig.Sessions();
        byte[] data = new byte[500];
        byte[][] toServer = [.. Enumerable.Range(0, count).Select(_ => client.Seal(data, more: false))];
        byte[][] toClient = new byte[count][];
        using var start = new Barrier(2);
        var sealing = Task.Run(
            () =>
            {
                Assert.True(start.SignalAndWait(Deadline));
                for (int i = 0; i < count; i++)
                    toClient[i] = server.Seal(data, more: false);
            }, TestContext.Current.CancellationToken);
        Assert.True(start.SignalAndWait(Deadline));
        Assert.All(toServer, command => Assert.Equal(CurveFault.None, server.Open(command, out _, out _)));
        await sealing.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        Assert.All(toClient, command => Assert.Equal(CurveFault.None, client.Open(command, out _, out _)));
    }

    [Fact]
    public async Task No_message_is_sealed_with_a_key_that_is_being_wiped()
    {
        for (int turn = 0; turn < 5; turn++)
        {
            (CurveSession client, CurveSession server) = _rig.Sessions();
            byte[] data = new byte[20_000];
            using var started = new ManualResetEventSlim();
            var sealing = Task.Run(
                () =>
                {
                    var commands = new List<byte[]>();
                    try
                    {
                        while (commands.Count < 100_000)
                        {
                            commands.Add(server.Seal(data, more: false));
                            started.Set();
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                    }

                    return commands;
                }, TestContext.Current.CancellationToken);
            Assert.True(started.Wait(Deadline, TestContext.Current.CancellationToken));
            server.Dispose();
            List<byte[]> sealedOnes = await sealing.WaitAsync(Deadline, TestContext.Current.CancellationToken);
            Assert.All(sealedOnes, command => Assert.Equal(CurveFault.None, client.Open(command, out _, out _)));
        }
    }
}
