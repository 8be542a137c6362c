using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
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
        if (verdict.Fault is { } fault)
            throw new PantryException(CodeOf(fault.Code), fault.Message);
        OrderStatement statement = verdict.Statement!;
        if (!Names.Same(statement.Operator, by.Name))
            throw new PantryException(PantryErrorCode.InvalidSignature, $"The order is signed by '{DisplayText.Clean(statement.Operator, 80)}', but this session is that of '{by.Name}'.");
        if (!OrderCheck.ArgumentsMatch(statement, statement.Format, request.Arguments) || !OrderCheck.SecretsMatch(statement, request.Secrets))
            throw new PantryException(PantryErrorCode.InvalidSignature, "The order's arguments are not those that were signed.");

        RequireSmall(statement);
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

    /// <summary>The row of a target that is no approved client.</summary>
    public void CompleteUnknown(Job job, string identity)
    {
        if (Names.IsPath(identity) && trust.Find(identity).FirstOrDefault() is { } key)
        {
            job.Complete(identity, CommandStatus.Denied, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is {key.Status} and gets no orders.");
            return;
        }

        job.Complete(identity, CommandStatus.Unknown, "UnknownClient",
            $"The server knows no client '{DisplayText.Clean(identity, 80)}'. Check the name with Get-PantryClient.");
    }

    /// <summary>The row of a named target that the operator's scopes leave out.</summary>
    public void CompleteOutOfScope(Job job, Recipient recipient, OperatorEntry by) => job.Complete(
        recipient.Identity, CommandStatus.Denied, "OutOfScope",
        $"The operator '{by.Name}' may not order {job.Order.Statement.Command} of this client. The operator's scopes are {string.Join(' ', by.Scopes)}.");

    // What is published whole has to pass every client's gate: a longer head would cut them all off.
    private static void RequireSmall(OrderStatement statement)
    {
        if (statement.Command.Length > Names.MaxNameLength)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The command's name has {statement.Command.Length:N0} characters; {Names.MaxNameLength} is the most.");
        if (statement.Target.Streams.Count > Target.MaxStreams)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The order names {statement.Target.Streams.Count:N0} streams; {Target.MaxStreams} is the most. Send it in parts.");
        foreach (string stream in statement.Target.Streams)
            Names.RequireStream(stream);
        if (statement.Target.Labels is { } labels)
            Target.OfLabels(labels.Application, labels.Environment, labels.Role);
    }

    private static PantryErrorCode CodeOf(string verdict) => verdict switch
    {
        "ClockSkew" or "OrderExpired" => PantryErrorCode.ClockSkew,
        "OperatorExpired" or "UnknownOperator" => PantryErrorCode.KeyRevoked,
        _ => PantryErrorCode.InvalidSignature,
    };
}
