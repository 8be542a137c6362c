using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

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
        if (order.Commands.Fault is { } unread)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The order is none that can be carried out: {unread}.");
        if (order.Commands.All.FirstOrDefault(command => !Scopes.CoversTarget(by.Scopes, command, statement.Target)) is { } beyond)
        {
            throw new PantryException(PantryErrorCode.OutOfScope,
                $"The operator '{by.Name}' may not order {DisplayText.Clean(beyond, 80)} of {target}. The operator's scopes are {string.Join(' ', by.Scopes)}.");
        }

        return order;
    }

    /// <summary>An order that was checked before the server was restarted. Whether its operator still may give it, the clients decide.</summary>
    public JobOrder Reopen(StoredJob job)
    {
        SignedJob signed = job.Order!.Signed;
        OrderStatement statement = SecurityJson.TryRead(signed.Order.Statement, SecurityJson.Default.OrderStatement, options.Wire.MaxStatementBytes)
            ?? throw StorageErrors.Failed(JobStore.FileName, $"The order of job {job.Id} is damaged. Restore the file from a backup.");
        OperatorEntry by = authority.Bundle.Operators.FirstOrDefault(entry => entry.SigningKey.AsSpan().SequenceEqual(job.OperatorKey))
            ?? new OperatorEntry(job.Operator, "", job.OperatorKey, [], false, job.CreatedAt);
        return new JobOrder(signed, statement, by, job.From);
    }

    /// <summary>The row of a target that is no approved client. Of those beyond the operator's reach nothing is said.</summary>
    public void EndUnknown(Job job, string identity, EndTarget end)
    {
        IReadOnlyList<OperatorScope>[] able = [.. job.Order.Commands.All.Select(command => Scopes.For(job.Order.By.Scopes, command))];
        if (Names.IsPath(identity) && trust.Find(identity).FirstOrDefault(key => able.All(scopes => Scopes.Covers(scopes, key.Labels))) is { } key)
        {
            end(job, identity, CommandStatus.Denied, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is {key.Status} and gets no orders.");
            return;
        }

        end(job, identity, CommandStatus.Unknown, "UnknownClient",
            $"The server knows no client '{DisplayText.Clean(identity, 80)}'. Check the name with Get-PantryClient.");
    }

    /// <summary>The row of a target whose key was approved when the order was given, and is no more.</summary>
    public void EndGone(Job job, string identity, EndTarget end)
    {
        if (trust.Find(identity).FirstOrDefault(key => job.IsTarget(identity, key.Key)) is { Status: not KeyStatus.Approved } key)
            end(job, identity, CommandStatus.Denied, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is {key.Status} and gets no orders.");
        else
            end(job, identity, CommandStatus.Unknown, "UnknownClient", "The client was taken off the list before the order was sent to it.");
    }

    /// <summary>The row of a named target that the operator's scopes leave out.</summary>
    public static void EndOutOfScope(Job job, Recipient recipient, OperatorEntry by, EndTarget end) => end(
        job, recipient.Identity, CommandStatus.Denied, "OutOfScope",
        $"The operator '{by.Name}' may not order {string.Join(", ", job.Order.Commands.All)} of this client. The operator's scopes are {string.Join(' ', by.Scopes)}.");

    private static PantryErrorCode CodeOf(OrderFault fault) => fault switch
    {
        OrderFault.ClockSkew or OrderFault.OrderExpired => PantryErrorCode.ClockSkew,
        OrderFault.OperatorExpired or OrderFault.UnknownOperator => PantryErrorCode.KeyRevoked,
        _ => PantryErrorCode.InvalidSignature,
    };
}

/// <summary>Ends a target of a job without its own word.</summary>
internal delegate void EndTarget(Job job, string identity, CommandStatus status, string code, string message);
