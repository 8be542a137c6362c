using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Whether an order stands: signed by the operator whose session it came over, in time, for this fleet, within the
/// operator's scopes, and small enough to be published.
/// </summary>
internal sealed class OrderDesk(Authority authority, TrustStore trust, PantryOptions options, TimeProvider time)
{
    /// <exception cref="PantryException">The order does not stand; the message says why.</exception>
    public JobOrder Check(SignedJob request, OperatorEntry by, string? from)
    {
        if (request.Arguments.Length + request.Secrets.Length > options.Wire.MaxOrderBytes)
        {
            throw new PantryException(PantryErrorCode.MessageTooLarge,
                $"The order's arguments have {request.Arguments.Length + request.Secrets.Length:N0} bytes; {options.Wire.MaxOrderBytes:N0} is the most. Send large data as a file.");
        }

        OrderVerdict verdict = OrderCheck.Verify(request.Order, authority.Bundle, authority.Network, time.GetUtcNow(), options.ClockSkew, options.Wire.MaxStatementBytes);
        if (!verdict.Stands)
            throw new PantryException(CodeOf(verdict.Fault), verdict.Message);
        OrderStatement statement = verdict.Statement;
        if (!Names.Same(statement.Operator, by.Name))
            throw new PantryException(PantryErrorCode.InvalidSignature, $"The order is signed by '{DisplayText.Clean(statement.Operator, 80)}', but this session is that of '{by.Name}'.");
        if (!OrderCheck.ArgumentsMatch(statement, statement.Format, request.Arguments) || !OrderCheck.SecretsMatch(statement, request.Secrets.Length == 0 ? null : request.Secrets))
            throw new PantryException(PantryErrorCode.InvalidSignature, "The order's arguments are not those that were signed.");

        // What was signed decides; the identities of lists, which the statement has as digests, are compared.
        Target target = new()
        {
            Everyone = statement.Target.Everyone,
            Streams = statement.Target.Streams,
            Labels = statement.Target.Labels,
            Identities = request.Target.Identities,
        };
        var order = new JobOrder(request with { Target = target }, statement, by, from);
        if (!order.ListsMatch())
            throw new PantryException(PantryErrorCode.InvalidSignature, "The order's targets are not those that were signed.");
        if (!Scopes.CoversTarget(by.Scopes, statement.Command, statement.Target))
        {
            throw new PantryException(PantryErrorCode.OutOfScope,
                $"The operator '{by.Name}' may not order {statement.Command} of {target}. The operator's scopes are {string.Join(' ', by.Scopes)}.");
        }

        return order;
    }

    /// <summary>The row of a target that is no approved client. Of those beyond the operator's reach nothing is said.</summary>
    public void CompleteUnknown(Job job, string identity)
    {
        IReadOnlyList<OperatorScope> able = Scopes.For(job.Order.By.Scopes, job.Order.Statement.Command);
        if (Names.IsPath(identity) && trust.Find(identity).FirstOrDefault(key => Scopes.Covers(able, key.Labels)) is { } key)
        {
            job.Complete(identity, CommandStatus.Denied, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is {key.Status} and gets no orders.");
            return;
        }

        job.Complete(identity, CommandStatus.Unknown, "UnknownClient",
            $"The server knows no client '{DisplayText.Clean(identity, 80)}'. Check the name with Get-PantryClient.");
    }

    /// <summary>The row of a target whose key was approved when the order was given, and is no more.</summary>
    public void CompleteGone(Job job, string identity)
    {
        if (trust.Find(identity).FirstOrDefault(key => job.IsTarget(identity, key.Key)) is { Status: not KeyStatus.Approved } key)
            job.Complete(identity, CommandStatus.Denied, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is {key.Status} and gets no orders.");
        else
            job.Complete(identity, CommandStatus.Unknown, "UnknownClient", "The client was taken off the list before the order was sent to it.");
    }

    /// <summary>The row of a named target that the operator's scopes leave out.</summary>
    public static void CompleteOutOfScope(Job job, Recipient recipient, OperatorEntry by) => job.Complete(
        recipient.Identity, CommandStatus.Denied, "OutOfScope",
        $"The operator '{by.Name}' may not order {job.Order.Statement.Command} of this client. The operator's scopes are {string.Join(' ', by.Scopes)}.");

    private static PantryErrorCode CodeOf(OrderFault fault) => fault switch
    {
        OrderFault.ClockSkew or OrderFault.OrderExpired => PantryErrorCode.ClockSkew,
        OrderFault.OperatorExpired or OrderFault.UnknownOperator => PantryErrorCode.KeyRevoked,
        _ => PantryErrorCode.InvalidSignature,
    };
}
