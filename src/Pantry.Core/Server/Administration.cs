using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What operators look at and decide, for those in the same process as for those elsewhere.</summary>
internal sealed class Administration(
    ClientRegistry registry, TrustStore trust, ClientAdmission admission, Authority authority, AuditLog log, ServerAudit audit, Action<ClientDecision, ClientKey> carryOut)
{
    /// <summary>Clients that match: those approved, and the keys that are not.</summary>
    /// <param name="filter">The conditions.</param>
    /// <param name="by">Whose scopes limit what is shown; null for all.</param>
    public IEnumerable<ClientInfo> List(ClientFilter filter, OperatorEntry? by)
    {
        var others = new ClientFilterMatch(filter);
        return registry.List(filter)
            .Concat(trust.All().Where(key => key.Status != KeyStatus.Approved).Select(ClientAdmission.ToInfo).Where(others.Matches))
            .Where(client => by is null || by.Administrator || MaySee(by, client))
            .OrderBy(client => client.Identity, Names.Comparer);
    }

    public ClientInfo Decide(DecideClient request, OperatorEntry by, string? from)
    {
        ClientKey decided = admission.Decide(request, by, from);
        carryOut(request.Decision, decided);
        return registry.Find(decided.Labels.Identity) is { } record && record.Key.Equals(decided.Key) ? record.ToInfo() : ClientAdmission.ToInfo(decided);
    }

    public OperatorList AddOperator(AddOperator request, OperatorEntry by, string? from) => Changed(() => authority.Add(request), by, from, "OperatorAdded", request.Name);

    public OperatorList RevokeOperator(string name, OperatorEntry by, string? from) => Changed(() => authority.Remove(name), by, from, "OperatorRevoked", name);

    public OperatorList PutBundle(byte[] bundle, OperatorEntry by, string? from) =>
        Changed(() => authority.Put(SignedBundle.FromBytes(bundle)), by, from, "TrustBundlePut", "trust bundle");

    public IEnumerable<AuditEntry> FindAudit(AuditFilter filter) => log.Query(filter);

    public AuditLogCheck VerifyAudit(string? checkpoint) => log.Verify(checkpoint);

    private OperatorList Changed(Action change, OperatorEntry by, string? from, string action, string target)
    {
        try
        {
            change();
        }
        catch (PantryException refused)
        {
            audit.Note(by, from, action, target, refused.Code.ToString());
            throw;
        }

        OperatorList list = authority.List();
        audit.Note(by, from, action, target, "Done", detail: new AuditedOperators(list.Serial, [.. list.Operators.Select(entry => entry.Name)]));
        return list;
    }

    private static bool MaySee(OperatorEntry by, ClientInfo client)
    {
        ClientLabels labels = ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles);
        return by.Scopes.Any(scope => scope.CoversClient(labels));
    }
}
