using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>An operator on the way into a trust bundle, or out of it: at the server where the root key is there, else at the console that has it.</summary>
internal static class NewOperator
{
    /// <summary>Makes keys, writes them to the operator's file, and has the operator added.</summary>
    /// <param name="place">Where the file says that the server is.</param>
    /// <param name="name">Name of the operator.</param>
    /// <param name="scopes">What the operator may order.</param>
    /// <param name="administrator">Whether the operator may decide about clients and operators.</param>
    /// <param name="expiresAt">When its time is over; null for never.</param>
    /// <param name="file">The file, which must not be there.</param>
    /// <param name="add">Has it added.</param>
    /// <exception cref="PantryException">The file cannot be written, or the operator was not added.</exception>
    public static async Task<OperatorInfo?> IssueAsync(
        FleetPlace place, string name, IReadOnlyList<string> scopes, bool administrator, DateTimeOffset? expiresAt, string file, Func<AddOperator, Task<OperatorList>> add)
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        // Written first: an operator whose keys could not be stored would only be in the way.
        OperatorFile.Save(file, new OperatorCredentials
        {
            Name = name,
            Address = place.Address,
            ReceivePort = place.ReceivePort,
            ServerPublicKey = place.ServerPublicKey,
            Network = place.Network,
            SessionKey = Z85.Encode(session.Secret),
            SigningKey = signing.ToPem(null),
        });
        try
        {
            OperatorList list = await add(new AddOperator(name, session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), scopes, administrator, expiresAt)).ConfigureAwait(false);
            return list.Operators.FirstOrDefault(entry => Names.Same(entry.Name, name));
        }
        catch (PantryException refused) when (refused.Code is not (PantryErrorCode.TimedOut or PantryErrorCode.ConnectionLost))
        {
            File.Delete(file);
            throw;
        }
    }

    /// <exception cref="PantryException">There is no such operator.</exception>
    public static TrustBundle RemoveFrom(TrustBundle bundle, string name, DateTimeOffset now) => bundle.Find(name) is not null
        ? bundle.Without(name, now)
        : throw new PantryException(PantryErrorCode.NoMatchingOperator, $"There is no operator '{DisplayText.Clean(name, 80)}'. Get-PantryOperator lists them.") { Target = name };

    /// <exception cref="PantryException">The name is taken, or something about the operator is not as it must be.</exception>
    public static TrustBundle AddTo(TrustBundle bundle, AddOperator request, DateTimeOffset now)
    {
        string name = Names.RequireIdentity(request.Name, "operator name");
        if (bundle.Find(name) is { } there)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"There is an operator '{there.Name}' already. Revoke it first with Revoke-PantryOperator, or choose another name.")
            { Target = there.Name };
        }

        if (request.Scopes.Count == 0)
            throw new PantryException(PantryErrorCode.InvalidArgument, "An operator without a scope could give no order. Give one with -Scope, such as 'shop.production:Shell,Script' or '*:*'.");
        if (request.ExpiresAt <= now)
            throw new PantryException(PantryErrorCode.InvalidArgument, "The operator's time would be over before it begins. Give a later time with -ExpiresIn.");
        return bundle.With(
            new OperatorEntry(
                name, PublicKey.Parse(request.SessionKey, "session key of the operator").ToString(), VerifyKey.FromBytes(request.SigningKey).Bytes.ToArray(),
                [.. request.Scopes.Select(OperatorScope.Parse)], request.Administrator, now, request.ExpiresAt),
            now);
    }
}
