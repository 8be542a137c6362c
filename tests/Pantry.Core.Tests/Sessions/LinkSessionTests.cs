using Pantry.Configuration;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Transport;

namespace Pantry.Tests.Sessions;

public sealed class LinkSessionTests
{
    [Fact]
    public async Task Answers_to_an_attempt_that_was_given_up_do_not_spoil_the_next_one()
    {
        using CurveKeyPair own = CurveKeyPair.Generate(), key = CurveKeyPair.Generate();
        using var server = new CurveServer(key);
        var options = new PantryOptions { HandshakeTimeout = TimeSpan.FromSeconds(2) };
        using var session = new LinkSession(new LinkCredentials(own, key.PublicKey, SessionRole.Client, null), "server", options, TimeProvider.System);
        var sent = new List<byte[]>();

        // The first attempt gets as far as INITIATE, and READY comes too late.
        Task first = session.HandshakeAsync(Send, default);
        byte[] lateWelcome = server.Hello(sent[^1], "binding"u8).Welcome!;
        Assert.True(session.TryTake([lateWelcome]));
        using CurvePendingSession pending = server.Initiate(sent[^1], "binding"u8).Pending!;
        (byte[] lateReady, CurveSession late) = pending.Accept(SessionTerms.OfServer("fleet"));
        late.Dispose();
        Assert.Equal(PantryErrorCode.TimedOut, (await Assert.ThrowsAsync<PantryException>(() => first)).Code);

        Task second = session.HandshakeAsync(Send, default);
        byte[] hello = sent[^1];
        session.TryTake([lateReady]);
        session.TryTake([lateWelcome]);
        session.TryTake([server.Hello(hello, "binding"u8).Welcome!]);
        using CurvePendingSession accepted = server.Initiate(sent[^1], "binding"u8).Pending!;
        (byte[] ready, CurveSession other) = accepted.Accept(SessionTerms.OfServer("fleet"));
        using CurveSession open = other;
        session.TryTake([ready]);

        await second.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("fleet", session.Network);

        Task<SendOutcome> Send(byte[][] frames)
        {
            sent.Add(frames[0]);
            return Task.FromResult(SendOutcome.Sent);
        }
    }
}
