using System.Text;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What operators look at and decide, for those in the same process as for those elsewhere.</summary>
internal sealed class Administration(
    ClientRegistry registry, TrustStore trust, ClientAdmission admission, EnrollmentDesk enrollments, Authority authority, AuditLog log, ServerAudit audit,
    Action<ClientDecision, ClientKey> carryOut)
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

    public OperatorList PutBundle(byte[] bundle, OperatorEntry by, string? from)
    {
        OperatorList list = Changed(() => authority.Put(SignedBundle.FromBytes(bundle)), by, from, "TrustBundlePut", "trust bundle");
        // It may have brought another root key.
        enrollments.WithdrawForeign(by, from);
        return list;
    }

    public IEnumerable<AuditEntry> FindAudit(AuditFilter filter) => log.Query(new AuditQuery
    {
        From = filter.From,
        To = filter.To,
        Actor = filter.Actor,
        Action = filter.Action,
        Target = filter.Target,
        Job = filter.Job,
        Outcome = filter.Outcome,
        Newest = true,
        Last = filter.Newest,
    }).Select(record => new AuditEntry
    {
        Sequence = record.Sequence,
        At = record.At,
        Actor = record.Actor,
        Fingerprint = record.Key,
        From = record.From,
        Action = record.Action,
        Target = record.Target,
        JobId = record.Job,
        Outcome = record.Outcome,
        Detail = record.Detail,
    });

    /// <param name="checkpoint">A checkpoint that was kept elsewhere, as the check before showed it.</param>
    public AuditLogCheck VerifyAudit(string? checkpoint)
    {
        AuditCheckpoint? kept = checkpoint is null ? null : AuditCheckpoint.TryParse(Encoding.UTF8.GetBytes(checkpoint))
            ?? throw new PantryException(PantryErrorCode.InvalidArgument, "This is no checkpoint of an audit log. Give the text that Test-PantryAuditLog showed as Checkpoint.");
        AuditVerification found = log.Verify(kept);
        return new AuditLogCheck
        {
            IsIntact = found.Ok,
            Records = found.Records,
            BrokenAt = found.FirstBad,
            Problem = found.Problem,
            Checkpoint = log.Checkpoint() is { } newest ? Encoding.UTF8.GetString(newest.ToBytes()) : null,
        };
    }

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
