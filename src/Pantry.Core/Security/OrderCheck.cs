using System.Text.Json;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>
/// The checks of a signed order, which the server and every client make alike. No clock of its own, no state: whether
/// a job was seen before is the journal's to say.
/// </summary>
internal static class OrderCheck
{
    /// <summary>Whether an operator of the bundle gave this order, for this fleet and this time.</summary>
    /// <param name="order">The order.</param>
    /// <param name="bundle">The operators.</param>
    /// <param name="network">Id of the fleet.</param>
    /// <param name="now">This machine's clock.</param>
    /// <param name="skew">How far clocks may be apart.</param>
    /// <param name="maxBytes">Largest order.</param>
    public static OrderVerdict Verify(SignedOrder order, TrustBundle bundle, string network, DateTimeOffset now, TimeSpan skew, long maxBytes)
    {
        if (order.Statement.Length + (long)order.Signature.Length > maxBytes)
            return OrderVerdict.Refused(OrderFault.Malformed, $"The order is larger than {maxBytes:N0} bytes. Name fewer targets, or use streams.");
        if (ClaimedOperator(order.Statement) is not { } name)
            return OrderVerdict.Refused(OrderFault.Malformed, "The bytes are no order. Install the same version of Pantry everywhere.");
        if (bundle.Find(name) is not { } entry)
        {
            return OrderVerdict.Refused(OrderFault.UnknownOperator,
                $"No operator '{DisplayText.Clean(name, 80)}' is in the trust bundle {bundle.Serial}. Add the operator with New-PantryOperator, or wait until the client has the new bundle.");
        }

        if (bundle.SigningKeyOf(entry)?.Verify(SignedOrder.Context, order.Statement, order.Signature) != true)
        {
            return OrderVerdict.Refused(OrderFault.BadSignature,
                $"The order is not signed by the key of '{entry.Name}', {Fingerprint.Of(entry.SigningKey)}, or was changed on its way. Connect with that operator's own file.");
        }

        if (SecurityJson.TryRead(order.Statement, SecurityJson.Default.OrderStatement, maxBytes) is not { } statement || statement.Operator != name)
            return OrderVerdict.Refused(OrderFault.Malformed, "What is signed is no order that this version of Pantry knows. Install the same version everywhere.", by: entry);
        return Judge(statement, entry, network, now, skew);
    }

    /// <summary>Whether these are the arguments that were signed.</summary>
    public static bool ArgumentsMatch(OrderStatement statement, BodyFormat format, ReadOnlySpan<byte> arguments) =>
        statement.Format == format && statement.ArgumentsDigest.AsSpan().SequenceEqual(OrderStatement.Digest(arguments));

    /// <summary>Whether these are the sealed secrets that were signed; null for none.</summary>
    public static bool SecretsMatch(OrderStatement statement, byte[]? secrets) => secrets is null
        ? statement.SecretsDigest is null
        : statement.SecretsDigest is { } digest && digest.AsSpan().SequenceEqual(OrderStatement.Digest(secrets));

    /// <summary>The verdict where arguments or secrets do not match.</summary>
    public static OrderVerdict Changed(OrderStatement statement) => OrderVerdict.Refused(OrderFault.ArgumentsChanged,
        "The arguments or secrets that came with the order are not those its operator signed. Send the order again; if it happens again, do not trust the server.", statement);

    /// <summary>Whether a verified order is meant for this client, and its operator may run the command here.</summary>
    /// <param name="order">The order.</param>
    /// <param name="lists">The lists of tags that came with it; not all that it names need be there.</param>
    /// <param name="me">The client.</param>
    /// <param name="scopes">The operator's.</param>
    /// <param name="arguments">The arguments, once they are known to be those that were signed: steps are commands too.</param>
    public static OrderVerdict IsFor(OrderStatement order, IReadOnlyList<byte[]> lists, ClientLabels me, IReadOnlyList<OperatorScope> scopes, ReadOnlySpan<byte> arguments)
    {
        if (lists.Count > order.Target.Lists.Count || lists.Any(list => !IsNamed(order.Target, list)))
            return OrderVerdict.Refused(OrderFault.BadSignature, "A list of clients that came with the order is not one its operator signed. Send the order again.", order);

        var target = new Target { Everyone = order.Target.Everyone, Streams = order.Target.Streams, Labels = order.Target.Labels };
        if (!TargetMatcher.Matches(target, me) && !IsListed(order, lists, me))
            return OrderVerdict.Refused(OrderFault.NotMeantForUs, $"The order's operator did not mean it for '{me.Identity}'. Check the client's identity and labels.", order);
        var commands = OrderCommands.Of(order.Command, order.Format, arguments);
        if (commands.Fault is { } fault)
            return OrderVerdict.Refused(OrderFault.Malformed, $"The order is none that can be carried out: {fault}.", order);
        return commands.All.FirstOrDefault(command => !Scopes.Covers(scopes, command, me)) is { } beyond
            ? OrderVerdict.Refused(OrderFault.OutOfScope,
                $"The operator '{order.Operator}' may not run {DisplayText.Clean(beyond, 80)} on '{me.Identity}'. An administrator can widen the operator's scopes.", order)
            : OrderVerdict.Good(order);
    }

    private static OrderVerdict Judge(OrderStatement statement, OperatorEntry entry, string network, DateTimeOffset now, TimeSpan skew)
    {
        OrderVerdict Refuse(OrderFault fault, string message) => OrderVerdict.Refused(fault, message, statement, entry);

        if (statement.Version != OrderStatement.CurrentVersion)
            return Refuse(OrderFault.Malformed, $"The order is of version {statement.Version}; this Pantry knows {OrderStatement.CurrentVersion}. Install the same version everywhere.");
        if (statement.Network != network)
            return Refuse(OrderFault.WrongFleet, $"The order is for the fleet '{DisplayText.Clean(statement.Network, 80)}', and this is '{network}'. Connect to that fleet's server.");
        if (statement.Fault() is { } fault)
            return Refuse(OrderFault.Malformed, $"The order is none that can be carried out: {fault}.");
        if (entry.HasExpired(now))
            return Refuse(OrderFault.OperatorExpired, $"The operator '{entry.Name}' was good until {entry.ExpiresAt:u}. An administrator can renew it.");
        if (statement.IssuedAt - now is var ahead && ahead > skew)
        {
            return Refuse(OrderFault.ClockSkew,
                $"The order was given {Text(ahead)} ahead of this machine's clock; {Text(skew)} is allowed. Set the clocks of both machines.");
        }

        return now - statement.NotAfter is var late && late > skew
            ? Refuse(OrderFault.OrderExpired,
                $"The order was good until {statement.NotAfter:u}, {Text(late)} ago by this machine's clock. Send it again, or set the clocks of both machines.")
            : OrderVerdict.Good(statement, entry);
    }

    private static bool IsNamed(TargetStatement target, byte[] list)
    {
        byte[] digest = TargetTags.Digest(list);
        return target.Lists.Any(named => named.AsSpan().SequenceEqual(digest));
    }

    private static bool IsListed(OrderStatement order, IReadOnlyList<byte[]> lists, ClientLabels me)
    {
        byte[] tag = TargetTags.Tag(order.Job, me.Identity);
        return lists.Any(list => TargetTags.IndexIn(list, order.Target.EntryLength, tag) is not null);
    }

    private static string Text(TimeSpan time) => time.ToString(time.TotalDays < 1 ? @"hh\:mm\:ss" : @"d\.hh\:mm\:ss", System.Globalization.CultureInfo.InvariantCulture);

    // Whose key to verify with; nothing else is read before the signature stands.
    private static string? ClaimedOperator(ReadOnlySpan<byte> statement)
    {
        try
        {
            var reader = new Utf8JsonReader(statement);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("operator"u8))
                    return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or no text.
        }

        return null;
    }
}
