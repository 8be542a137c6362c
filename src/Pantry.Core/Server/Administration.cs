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
            .Concat(trust.NotApproved().Select(ClientAdmission.ToInfo).Where(others.Matches))
            .Where(client => by is null || by.Administrator || MaySee(by, client))
            .OrderBy(client => client.Identity, Names.Comparer);
    }

    public async Task<ClientInfo> DecideAsync(DecideClient request, OperatorEntry by, string? from)
    {
        ClientKey key = admission.Meant(request);
        ClientLabels labels = request.Decision == ClientDecision.Approve ? key.Claimed ?? key.Labels : key.Labels;
        // What is carried out is what was written down, whatever comes in between.
        DecideClient meant = request with { Identity = key.Labels.Identity, Fingerprint = key.Key.Fingerprint, Shown = labels };
        var decision = new AuditedDecision($"Client{request.Decision}", key.Labels.Identity, AuditedLabels.Of(labels, null, key.Key));
        ClientKey decided = await audit.DecidedAsync(by, from, [decision], () => admission.Decide(meant, by)).ConfigureAwait(false);
        carryOut(request.Decision, decided);
        return registry.Find(decided.Labels.Identity) is { } record && record.Key.Equals(decided.Key) ? record.ToInfo() : ClientAdmission.ToInfo(decided);
    }

    public Task<OperatorList> AddOperatorAsync(AddOperator request, OperatorEntry by, string? from) =>
        ChangeAsync(() => authority.SignWith(request), by, from, "OperatorAdded", request.Name, (_, after) => [new("OperatorAdded", request.Name, Operators(after))]);

    public Task<OperatorList> RevokeOperatorAsync(string name, OperatorEntry by, string? from) =>
        ChangeAsync(() => authority.SignWithout(name), by, from, "OperatorRevoked", name, (_, after) => [new("OperatorRevoked", name, Operators(after))]);

    public async Task<OperatorList> PutBundleAsync(byte[] bundle, OperatorEntry by, string? from)
    {
        OperatorList list = await ChangeAsync(
            () => SignedBundle.FromBytes(bundle), by, from, "TrustBundlePut", "trust bundle",
            (before, after) => [new("TrustBundlePut", "trust bundle", Operators(after)), .. OperatorChanges(before, after)]).ConfigureAwait(false);
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

    private async Task<OperatorList> ChangeAsync(
        Func<SignedBundle> sign, OperatorEntry by, string? from, string action, string target, Func<TrustBundle, TrustBundle, AuditedDecision[]> toAudit)
    {
        // Of two at once, one would have signed over a bundle that is not in force any more when its record is written.
        using IDisposable alone = await authority.AloneAsync().ConfigureAwait(false);
        SignedBundle signed;
        TrustBundle? next;
        try
        {
            signed = sign();
            next = authority.Preview(signed);
        }
        catch (PantryException refused)
        {
            audit.Note(by, from, action, DisplayText.Clean(target, Names.MaxNameLength), refused.Code.ToString());
            throw;
        }

        // A bundle that is in force already changes nothing.
        return await audit.DecidedAsync(by, from, toAudit(authority.Bundle, next ?? authority.Bundle), () =>
        {
            authority.Put(signed);
            return authority.List();
        }).ConfigureAwait(false);
    }

    private static AuditedOperators Operators(TrustBundle bundle) => new(bundle.Serial, [.. bundle.Operators.Select(entry => entry.Name)]);

    // The same name with another signing key is another operator.
    private static IEnumerable<AuditedDecision> OperatorChanges(TrustBundle before, TrustBundle after)
    {
        AuditedOperators all = Operators(after);
        return before.Operators.Where(entry => !Has(after, entry)).Select(entry => new AuditedDecision("OperatorRevoked", entry.Name, all))
            .Concat(after.Operators.Where(entry => !Has(before, entry)).Select(entry => new AuditedDecision("OperatorAdded", entry.Name, all)));

        static bool Has(TrustBundle bundle, OperatorEntry entry) => bundle.Find(entry.Name) is { } found && found.SigningKey.AsSpan().SequenceEqual(entry.SigningKey);
    }

    private static bool MaySee(OperatorEntry by, ClientInfo client)
    {
        ClientLabels labels = ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles);
        return by.Scopes.Any(scope => scope.CoversClient(labels));
    }
}
