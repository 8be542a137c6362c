using System.Security.Cryptography;
using System.Text;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Applications;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Applications are made, read, changed and removed here. Each change is audited, and a revision of its own after that.</summary>
internal sealed class ApplicationDesk(
    ApplicationStore store, ApplicationShelf shelf, PackageStore packages, ProvisioningRights rights, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    private const string Read = "ApplicationRead";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Applications that match and that the operator may read, without their documents.</summary>
    public IEnumerable<ApplicationInfo> List(ApplicationFilter filter, OperatorEntry by)
    {
        NamePattern[] names = [.. filter.Names.Select(name => new NamePattern(name))];
        IEnumerable<StoredRevision> found = (filter.History ? store.AllEver : store.All)
            .Where(newest => names.Length == 0 || names.Any(name => name.Matches(newest.Name)))
            .Where(newest => ProvisioningRights.MayRead(by, newest.Name));
        return (filter.History ? found.SelectMany(newest => store.History(newest.Name)) : found).Select(ToInfo);
    }

    /// <summary>An application and its document.</summary>
    public ApplicationInfo Open(ReadApplication request, OperatorEntry by, string? from)
    {
        string name = RequireName(request.Name);
        rights.RequireRead(by, from, Read, name);
        return ToInfo((request.Revision is { } revision ? store.Find(name, revision) : store.Find(name)) ?? throw Missing(name, request.Revision));
    }

    /// <summary>Makes an application, or changes one; the same document again changes nothing.</summary>
    /// <exception cref="PantryException">The document has an error, or the application was changed meanwhile.</exception>
    public async Task<ApplicationSaved> SaveAsync(SaveApplication request, byte[] bytes, OperatorEntry by, string? from)
    {
        string name = RequireName(request.Name);
        ApplicationChange change = request switch
        {
            { Restores: not null } => ApplicationChange.Restored,
            { BasedOn: 0 } => ApplicationChange.Created,
            _ => ApplicationChange.Changed,
        };
        rights.RequireChange(by, from, $"Application{change}", name);
        StoredRevision? newest = store.FindNewest(name) ?? (change == ApplicationChange.Created ? null : throw Missing(name, null));
        // One that was removed can be made again; its history goes on.
        bool there = newest is { Change: not ApplicationChange.Removed };
        if (change == ApplicationChange.Created && there)
        {
            throw new PantryException(PantryErrorCode.ApplicationExists,
                $"There is an application '{newest!.Name}' already, made or last changed by '{newest.ChangedBy}' at {newest.ChangedAt:u}. Change it with Set-PantryApplication or Edit-PantryApplication.")
            { Target = name };
        }

        int basedOn = change == ApplicationChange.Created ? newest?.Revision ?? 0 : request.BasedOn;
        string text = request.Restores is { } earlier ? (store.Find(name, earlier) ?? throw Missing(name, earlier)).Document : Text(bytes, name);
        if (request.Restores is not null && text.Length == 0)
            throw new PantryException(PantryErrorCode.NoMatchingApplication, $"Revision {request.Restores} of '{name}' is the one that removed it; it has no document. Restore the one before.") { Target = name };
        var document = ApplicationDocument.Parse(name, text);
        store.RequireNext(name, basedOn);
        if (change == ApplicationChange.Changed && !there)
            throw Missing(name, null);
        if (there && change != ApplicationChange.Created && newest!.Document == text)
            return new ApplicationSaved(ToInfo(newest)) { Warnings = Warnings(document) };
        RequireRoom(newest);

        var revision = new StoredRevision(newest?.Name ?? name, basedOn + 1, change, text, time.GetUtcNow(), by.Name);
        return await audit.DecidedAsync(by, from, [Decision(revision)], () => new ApplicationSaved(Add(revision)) { Warnings = Warnings(document) }).ConfigureAwait(false);
    }

    /// <summary>Takes an application away: its clients get nothing more, and its history stays.</summary>
    public Task<ApplicationInfo> RemoveAsync(RemoveApplication request, OperatorEntry by, string? from)
    {
        string name = RequireName(request.Name);
        rights.RequireChange(by, from, $"Application{ApplicationChange.Removed}", name);
        StoredRevision there = store.Find(name) ?? throw Missing(name, null);
        store.RequireNext(name, request.BasedOn);
        var revision = new StoredRevision(there.Name, there.Revision + 1, ApplicationChange.Removed, "", time.GetUtcNow(), by.Name);
        return audit.DecidedAsync(by, from, [Decision(revision)], () => Add(revision));
    }

    private ApplicationInfo Add(StoredRevision revision)
    {
        foreach (DroppedRevisions dropped in store.Add(revision, options.Provisioning))
            audit.Note(ServerAudit.Server, null, null, "ApplicationHistoryRemoved", dropped.Name, "Done", detail: new AuditedHistory(dropped.First, dropped.Last, dropped.Count));
        return ToInfo(revision);
    }

    private static AuditedDecision Decision(StoredRevision revision) => new(
        $"Application{revision.Change}", revision.Name, new AuditedRevision(revision.Revision, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(revision.Document)))));

    private static string RequireName(string name) => Names.RequireSegment(name, "name of an application")
        ?? throw new PantryException(PantryErrorCode.InvalidName, "An application must have a name. Give one with -Name.");

    private static string Text(byte[] bytes, string name)
    {
        if (bytes.Length > ApplicationDocument.MaxBytes)
            throw new PantryException(PantryErrorCode.LimitReached, $"The document of '{name}' has {bytes.Length:N0} bytes, and {ApplicationDocument.MaxBytes:N0} is the most. Put large data into a package.") { Target = name };
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new PantryException(PantryErrorCode.InvalidConfiguration, $"The document of '{name}' is no text in UTF-8.") { Target = name };
        }
    }

    private static PantryException Missing(string name, int? revision) => new(PantryErrorCode.NoMatchingApplication, revision is null
        ? $"There is no application '{name}'. Get-PantryApplication lists those there are; Get-PantryApplication {name} -History shows whether it was removed."
        : $"The application '{name}' has no revision {revision}. Get-PantryApplication {name} -History lists those it has.")
    { Target = name };

    // A document may be written before its packages are published; a plan then says what is missing.
    private IReadOnlyList<string> Warnings(ApplicationDocument document) =>
    [
        .. document.PackageNames.Where(package => packages.Catalog.Versions(package).Count == 0).Select(package =>
            $"There is no package '{package}' yet. {(NearestName.Of(package, packages.Catalog.PackageNames) is { } nearest ? $"Is '{nearest}' meant? Otherwise publish it" : "Publish it")} with Publish-PantryPackage."),
        .. ParameterTwins.In(document).Select(twins =>
            $"The parameters '{DisplayText.Clean(twins.Name, 200)}' and '{DisplayText.Clean(twins.Other, 200)}' differ only in upper and lower case. PowerShell takes them for one, and its packages fail where a client has both. Give one of them another name."),
    ];

    private void RequireRoom(StoredRevision? newest)
    {
        if (newest is null && store.AllEver.Count() >= options.Provisioning.MaxApplications)
            throw new PantryException(PantryErrorCode.LimitReached, $"There are {options.Provisioning.MaxApplications:N0} applications, which is the server's limit.");
    }

    private ApplicationInfo ToInfo(StoredRevision revision)
    {
        ApplicationDocument? document = shelf.Read(revision);
        return new ApplicationInfo
        {
            Name = revision.Name,
            Revision = revision.Revision,
            Change = revision.Change,
            ChangedAt = revision.ChangedAt,
            ChangedBy = revision.ChangedBy,
            Description = document?.Description,
            Packages = [.. document?.PackageNames ?? []],
            Document = revision.Document,
        };
    }
}
