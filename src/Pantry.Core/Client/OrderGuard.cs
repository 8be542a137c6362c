using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Client;

/// <summary>
/// Whether this client carries an order out: an operator of the fleet signed it, for this client, now, within the
/// operator's scopes. The server's word counts for nothing here but to hold an order back.
/// </summary>
internal sealed class OrderGuard(ClientHome home, PantryOptions options, TimeProvider time)
{
    /// <summary>Whether a newer bundle is on its way that the order needs.</summary>
    public bool NeedsNewerBundle(Order order) => order.BundleSerial > (home.Bundle?.Serial ?? 0);

    /// <summary>Whether it is this client's turn.</summary>
    public static bool IsTurn(Order order, string identity)
    {
        if (order.Only is not { } only)
            return true;
        byte[] tag = TargetTags.Tag(order.Job, identity);
        return only.Length % TargetTags.TagLength == 0 && TargetTags.IndexIn(only, TargetTags.TagLength, tag) is not null;
    }

    /// <summary>Judges an order and all that came with it.</summary>
    public OrderVerdict Judge(Message message, ClientLabels me)
    {
        var order = message.HeadAs<Order>();
        if (home.Bundle is not { } bundle || home.Trust is not { } trust)
            return OrderVerdict.Refused(OrderFault.UnknownOperator, "The client has no trust bundle yet. Send the order again.");
        OrderVerdict verdict = OrderCheck.Verify(
            new SignedOrder(message.Body(Order.StatementBody), order.Signature), bundle, trust.Network, time.GetUtcNow(), options.ClockSkew, options.Wire.MaxStatementBytes);
        if (!verdict.Stands)
            return verdict;
        OrderStatement statement = verdict.Statement;
        if (statement.Job != order.Job)
            return OrderVerdict.Refused(OrderFault.BadSignature, "The order's job is not the one that its operator signed.", statement);

        byte[] secrets = message.Body(Order.SecretsBody);
        if (!OrderCheck.ArgumentsMatch(statement, statement.Format, message.Body(Order.ArgumentsBody))
            || !OrderCheck.SecretsMatch(statement, secrets.Length == 0 ? null : secrets))
        {
            return OrderCheck.Changed(statement);
        }

        OrderVerdict meant = OrderCheck.IsFor(statement, Lists(message), me, verdict.Operator!.Scopes, message.Body(Order.ArgumentsBody));
        return meant.Stands ? verdict : meant;
    }

    /// <summary>The order's secrets, opened with the client's key; null where there are some that it cannot open.</summary>
    public IReadOnlyDictionary<string, byte[]>? Secrets(Message message, OrderStatement statement, ClientLabels me)
    {
        byte[] body = message.Body(Order.SecretsBody);
        if (statement.SecretsDigest is null)
            return new Dictionary<string, byte[]>();
        byte[] tag = TargetTags.Tag(statement.Job, me.Identity);
        byte[]? wrapped = Lists(message).Select(list => TargetTags.WrappedKey(list, tag)).FirstOrDefault(key => key is not null);
        return wrapped is null ? null : SealedSecrets.Open(statement.Job, body, wrapped, home.Key);
    }

    private static IReadOnlyList<byte[]> Lists(Message message) => [.. message.Bodies.Skip(Order.FirstListBody)];
}
