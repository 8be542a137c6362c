using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>The life of enrolments and tokens: they are made, listed, withdrawn and forgotten here. What is decided is audited, and stored after that.</summary>
internal sealed class EnrollmentDesk(
    TrustStore trust, Authority authority, ServerAudit audit, ServerAddresses addresses, PublicKey serverKey, PantryOptions options, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(3650);

    /// <summary>Makes a key pair that lets one client's own key in, once.</summary>
    public async Task<Enrollment> EnrolAsync(Enrol request, OperatorEntry by, string? from)
    {
        ClientLabels labels = ClientLabels.Create(request.Identity ?? "any", request.Application, request.Environment, request.Roles);
        using CurveKeyPair pair = CurveKeyPair.Generate();
        DateTimeOffset now = time.GetUtcNow();
        VerifyKey root = authority.RootKey;
        var enrollment = new Enrollment
        {
            Id = Guid.CreateVersion7().ToString("N"),
            Identity = request.Identity,
            Application = labels.Application,
            Environment = labels.Environment,
            Roles = labels.Roles,
            Address = addresses.Host,
            PublishPort = addresses.PublishPort,
            ReceivePort = addresses.ReceivePort,
            FilePort = addresses.FilePort,
            ServerPublicKey = serverKey.ToString(),
            RootPublicKey = root.ToString(),
            Network = authority.Network,
            PublicKey = pair.PublicKey.ToString(),
            SecretKey = Z85.Encode(pair.Secret),
            CreatedAt = now,
            ExpiresAt = now + Lifetime(request.ExpiresInSeconds),
        };
        var grant = new EnrollmentGrant(
            enrollment.Id, pair.PublicKey, enrollment.Identity, enrollment.Application, enrollment.Environment, enrollment.Roles, now, enrollment.ExpiresAt, by.Name)
        { MakerKey = Fingerprint.Of(by.SigningKey), RootKey = root.Fingerprint };
        var decision = new AuditedDecision("EnrollmentCreated", enrollment.Identity ?? "*", AuditedLabels.Of(labels, enrollment.Id));
        return await audit.DecidedAsync(by, from, [decision], () =>
        {
            trust.AddEnrollment(grant);
            return enrollment;
        }).ConfigureAwait(false);
    }

    public async Task<EnrollmentToken> CreateTokenAsync(CreateToken request, OperatorEntry by, string? from)
    {
        NamePattern.Require(request.Pattern);
        ClientLabels labels = ClientLabels.Create("any", request.Application, request.Environment, request.Roles);
        DateTimeOffset now = time.GetUtcNow();
        VerifyKey root = authority.RootKey;
        string secret = EnrollmentSecret.New(root);
        var token = new EnrollmentToken
        {
            Id = Guid.CreateVersion7().ToString("N"),
            Token = secret,
            Pattern = request.Pattern,
            Application = labels.Application,
            Environment = labels.Environment,
            Roles = labels.Roles,
            Address = addresses.Host,
            PublishPort = addresses.PublishPort,
            ReceivePort = addresses.ReceivePort,
            ServerPublicKey = serverKey.ToString(),
            CreatedAt = now,
            ExpiresAt = now + Lifetime(request.ExpiresInSeconds),
        };
        var grant = new TokenGrant(
            token.Id, TokenGrant.HashOf(secret), token.Pattern, token.Application, token.Environment, token.Roles, now, token.ExpiresAt, by.Name)
        { MakerKey = Fingerprint.Of(by.SigningKey), RootKey = root.Fingerprint };
        return await audit.DecidedAsync(by, from, [new AuditedDecision("TokenCreated", token.Pattern, AuditedLabels.Of(labels, token.Id))], () =>
        {
            trust.AddToken(grant);
            return token;
        }).ConfigureAwait(false);
    }

    /// <summary>Those that match, the oldest first.</summary>
    public IEnumerable<EnrollmentInfo> List(EnrollmentFilter filter)
    {
        NamePattern[] ids = [.. filter.Ids.Select(id => new NamePattern(id))];
        DateTimeOffset now = time.GetUtcNow();
        return trust.Grants()
            .Where(grant => ids.Length == 0 || ids.Any(id => id.Matches(grant.Id)))
            .Select(grant => ToInfo(grant, now))
            .Where(info => (filter.Kind is null || info.Kind == filter.Kind) && (filter.All || info.Status == EnrollmentStatus.Open));
    }

    /// <summary>Takes an open one back.</summary>
    public Task<EnrollmentInfo> WithdrawAsync(string id, OperatorEntry by, string? from)
    {
        DateTimeOffset now = time.GetUtcNow();
        EnrollmentInfo info = ToInfo(trust.FindOpen(id, now), now);
        var decision = new AuditedDecision(
            $"{info.Kind}Withdrawn", info.Pattern ?? info.Identity ?? "*", new AuditedLabels(info.Application, info.Environment, info.Roles, info.Id, null));
        return audit.DecidedAsync(by, from, [decision], () => ToInfo(trust.Withdraw(info.Id, new Withdrawal(now, by.Name)), now));
    }

    /// <summary>Takes all open ones back that name another root key than the fleet's: a client that used one would trust nobody here.</summary>
    /// <param name="by">Who has changed the key.</param>
    /// <returns>How many there were.</returns>
    public int WithdrawForeign(string by) => WithdrawForeign(by, null, null);

    /// <param name="by">The operator who has changed the key.</param>
    /// <param name="from">From where.</param>
    public void WithdrawForeign(OperatorEntry by, string? from) => WithdrawForeign(by.Name, by, from);

    /// <summary>How many that are open let nobody in, as who made them may not administer any more.</summary>
    public int CountOrphaned()
    {
        DateTimeOffset now = time.GetUtcNow();
        return trust.Grants().Count(grant => StatusOf(grant, now) == EnrollmentStatus.Orphaned);
    }

    private int WithdrawForeign(string name, OperatorEntry? by, string? from)
    {
        string root = authority.RootKey.Fingerprint;
        IReadOnlyList<Grant> withdrawn;
        try
        {
            withdrawn = trust.Withdraw(
                grant => grant.RootKey is { } named && named != root, new Withdrawal(time.GetUtcNow(), name, "the fleet has a new root key"));
        }
        catch (PantryException failed) when (failed.Code == PantryErrorCode.StorageFailed)
        {
            // The key has changed all the same. They let nobody in either way, and the next sweep writes it down.
            log.LogError(failed, "Enrolments and tokens that name another root key could not be marked as withdrawn; they let nobody in.");
            return 0;
        }

        if (withdrawn.Count > 0)
        {
            var ids = new AuditedGrants([.. withdrawn.Select(grant => grant.Id)]);
            if (by is null)
                audit.Note(name, null, from, "EnrollmentsWithdrawn", root, "Done", detail: ids);
            else
                audit.Note(by, from, "EnrollmentsWithdrawn", root, "Done", detail: ids);
        }

        return withdrawn.Count;
    }

    /// <summary>Forgets what was over long ago: enrolments, tokens, and keys that nobody has decided about.</summary>
    /// <param name="now">The time at which those who are there were seen.</param>
    public void Forget(DateTimeOffset now)
    {
        (int enrollments, int tokens, int keys) = trust.Forget(now - options.GrantRetention, now - options.PendingKeyLifetime);
        if (enrollments + tokens + keys > 0)
            audit.Note(ServerAudit.Server, null, null, "Forgotten", null, "Done", detail: new AuditedForgotten(enrollments, tokens, keys));
    }

    /// <summary>Whether one that is open still has somebody behind it. What was used, withdrawn or is over, the store says itself.</summary>
    /// <exception cref="PantryException">Its maker may not administer any more, or it names another root key (InvalidEnrollment).</exception>
    public void RequireStanding(Grant? grant)
    {
        if (grant is not { UsedAt: null, Withdrawn: null })
            return;
        if (!HasMaker(grant))
            throw Invalid(grant, $"was made by '{grant.CreatedBy}', who may not administer the fleet any more");
        if (grant.RootKey is { } named && named != authority.RootKey.Fingerprint)
            throw Invalid(grant, $"names the root key {named}, and the fleet has a new root key, {authority.RootKey.Fingerprint}");
    }

    private static PantryException Invalid(Grant grant, string why) => new(PantryErrorCode.InvalidEnrollment, $"{grant.Name} {why}. {grant.Cure}") { Target = grant.Id };

    private bool HasMaker(Grant grant) => authority.MayAdminister(grant.CreatedBy, grant.MakerKey);

    private EnrollmentStatus StatusOf(Grant grant, DateTimeOffset now) =>
        grant.StatusAt(now) is var status && status == EnrollmentStatus.Open && !HasMaker(grant) ? EnrollmentStatus.Orphaned : status;

    private EnrollmentInfo ToInfo(Grant grant, DateTimeOffset now) => new()
    {
        Id = grant.Id,
        Kind = grant is TokenGrant ? EnrollmentKind.Token : EnrollmentKind.Enrollment,
        Identity = (grant as EnrollmentGrant)?.Identity,
        Pattern = (grant as TokenGrant)?.Pattern,
        Application = grant.Application,
        Environment = grant.Environment,
        Roles = grant.Roles,
        Status = StatusOf(grant, now),
        CreatedBy = grant.CreatedBy,
        CreatedAt = grant.CreatedAt,
        ExpiresAt = grant.ExpiresAt,
        UsedAt = grant.UsedAt,
        UsedBy = grant.UsedBy?.Fingerprint,
        WithdrawnAt = grant.Withdrawn?.At,
        WithdrawnBy = grant.Withdrawn?.By,
        WithdrawnWhy = grant.Withdrawn?.Why,
    };

    // What is not given arrives as 0.
    private TimeSpan Lifetime(double seconds) => seconds switch
    {
        0 => options.EnrollmentLifetime,
        > 0 when seconds <= LongestLifetime.TotalSeconds => TimeSpan.FromSeconds(seconds),
        _ => throw new PantryException(PantryErrorCode.InvalidArgument,
            $"An enrolment or a token cannot be good for {seconds:0} seconds. Give a time above 0 and of at most {LongestLifetime.TotalDays:0} days with -ExpiresIn, or none for the server's own."),
    };
}
