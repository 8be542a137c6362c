using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>
/// Whoever has a server's keys: makes orders of what operators signed, or of nothing, and sends them to clients over their
/// sessions as the server would.
/// </summary>
internal sealed class Forger(Fleet fleet, OperatorCredentials credentials) : IDisposable
{
    private readonly SigningKey _key = SigningKey.FromPem(credentials.SigningKey, null);

    /// <summary>An order as the operator signs it.</summary>
    public SignedJob Sign(Target target, string command = "Count", byte[]? arguments = null, TimeProvider? time = null) =>
        Sign(new JobRequest { Target = target, Command = command, Arguments = arguments ?? [] }, time);

    public SignedJob Sign(JobRequest request, TimeProvider? time = null) =>
        new OrderSigner(credentials.Name, _key, credentials.Network, fleet.Options, time ?? TimeProvider.System).Sign(request);

    /// <summary>The statement of an order, changed and signed anew by any key.</summary>
    public static SignedJob Resign(SignedJob job, SigningKey key, Func<OrderStatement, OrderStatement> change) =>
        job with { Order = SignedOrder.Sign(change(StatementOf(job)), key) };

    public static OrderStatement StatementOf(SignedJob job) =>
        SecurityJson.TryRead(job.Order.Statement, SecurityJson.Default.OrderStatement, long.MaxValue)!;

    /// <summary>The order as it goes over a session.</summary>
    public static Message Order(SignedJob job, long number = 1, bool direct = true, long bundleSerial = 1, byte[]? only = null, string? id = null) => new(
        MessageKind.Order, new Order(id ?? StatementOf(job).Job, number, direct, job.Order.Signature, bundleSerial, only))
    {
        Bodies = [job.Order.Statement, job.Arguments, job.Secrets, .. job.Entries.Length == 0 ? [] : (IEnumerable<byte[]>)[job.Entries]],
    };

    /// <summary>Sends something to a client over its live session.</summary>
    public void Send(string client, Message message) => Session(client).Post(message);

    /// <summary>Waits until the client has handled all that was sent: the same way goes an order that it runs, twice.</summary>
    public async Task SettleAsync(string client, Tally tally)
    {
        for (int round = 0; round < 2; round++)
        {
            int before = tally.Settled;
            Send(client, Order(Sign(Target.Clients([client]), "Settle")));
            await Fleet.EventuallyAsync(() => tally.Settled > before, "the client to run what was sent last");
        }
    }

    public void Dispose() => _key.Dispose();

    private ServerSession Session(string client) => fleet.Server.Registry.Find(client)!.Session!;
}
