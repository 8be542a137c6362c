using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What the server writes into its audit log, in one form.</summary>
/// <param name="log">Where it is written.</param>
/// <param name="isKnown">Whether a key is an approved client's or an operator's.</param>
internal sealed class ServerAudit(AuditLog log, Func<PublicKey, bool> isKnown)
{
    // Beyond the log's own queue; what nobody waits for must not fill the memory while the disk is slow.
    private const int MostWaiting = 4096;

    private int _waiting;

    /// <summary>Who acts where nobody else does.</summary>
    public const string Server = "server";

    /// <summary>An operator did something.</summary>
    public void Note(OperatorEntry by, string? from, string action, string? target, string outcome, string? job = null, object? detail = null) =>
        Append(by.Name, Fingerprint.Of(by.SigningKey), from, action, target, outcome, job, detail);

    /// <summary>Whoever holds a key did something.</summary>
    public void Note(string actor, PublicKey? key, string? from, string action, string? target, string outcome, string? job = null, object? detail = null) =>
        Append(actor, key?.Fingerprint, from, action, target, outcome, job, detail);

    /// <summary>A client said how a job ended when its row had ended without it.</summary>
    public void LateResult(string client, PublicKey key, string job, CommandStatus status) => Note(client, key, null, "LateResult", client, status.ToString(), job);

    /// <summary>
    /// An order is given: to whom and what, by its digest. Stands in the log before anything is sent: an order that cannot
    /// be written down is not given.
    /// </summary>
    /// <exception cref="PantryException">The log cannot be written.</exception>
    public Task OrderedAsync(Job job)
    {
        OrderStatement statement = job.Order.Statement;
        return log.WriteAsync(Entry(
            job.Order.By.Name, Fingerprint.Of(job.Order.By.SigningKey), job.Order.From, "Order", job.Order.Request.Target.ToString(), "Accepted", job.Id,
            new AuditedOrder(
                statement.Command, Convert.ToHexStringLower(statement.ArgumentsDigest), statement.TimeoutSeconds, job.Targets.Count, job.Targets, statement.RunAs)));
    }

    /// <summary>
    /// A decision is written down, and only then carried out: what cannot be written down does not come into force. Where it
    /// cannot be carried out then, a second record says so.
    /// </summary>
    /// <exception cref="PantryException">The log cannot be written, and nothing was done; or it could not be carried out.</exception>
    public Task<T> DecidedAsync<T>(OperatorEntry by, string? from, IReadOnlyList<AuditedDecision> decisions, Func<T> carryOut) =>
        DecidedAsync(by.Name, Fingerprint.Of(by.SigningKey), from, decisions, carryOut);

    /// <inheritdoc cref="DecidedAsync{T}(OperatorEntry, string?, IReadOnlyList{AuditedDecision}, Func{T})"/>
    public async Task<T> DecidedAsync<T>(string actor, string? key, string? from, IReadOnlyList<AuditedDecision> decisions, Func<T> carryOut)
    {
        int written = 0;
        try
        {
            foreach (AuditedDecision decision in decisions)
            {
                await log.WriteAsync(Entry(actor, key, from, decision.Action, decision.Target, "Done", null, decision.Detail)).ConfigureAwait(false);
                written++;
            }

            await log.FlushAsync().ConfigureAwait(false);
            return carryOut();
        }
        catch
        {
            foreach (AuditedDecision decision in decisions.Take(written))
                Append(actor, key, from, decision.Action, decision.Target, "Failed", null, decision.Detail);
            throw;
        }
    }

    /// <summary>Completes when all that was noted is on the disk; a decision is answered after that.</summary>
    public Task FlushAsync() => log.FlushAsync();

    /// <summary>An order has ended, with an outcome for each target.</summary>
    public void Ended(Job job) => Note(
        job.Order.By, job.Order.From, "OrderEnded", job.Order.Request.Target.ToString(), job.Rows.Summary(), job.Id,
        new AuditedOutcomes(job.Rows.Heads().ToDictionary(row => row.Client, row => row.Result.Status.ToString())));

    /// <summary>Somebody was refused; the same from the same place again is counted.</summary>
    public void Refused(string reason, PublicKey? key, string? from) => log.AppendRefusal(reason, key?.Fingerprint, from, key is not null && isKnown(key));

    private void Append(string actor, string? key, string? from, string action, string? target, string outcome, string? job, object? detail) =>
        _ = AppendAsync(Entry(actor, key, from, action, target, outcome, job, detail));

    // Written by the log's own task; a full queue lets so many wait, and the others are counted.
    private async Task AppendAsync(AuditEvent entry)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
            log.CountLeftOut();
        else
            await log.AppendAsync(entry).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref _waiting);
    }

    private static AuditEvent Entry(
        string actor, string? key, string? from, string action, string? target, string outcome, string? job, object? detail) => new(actor, action, outcome)
        {
            Key = key,
            From = from,
            Target = target,
            Job = job,
            Detail = detail is null ? "{}" : JsonSerializer.Serialize(detail, detail.GetType(), AuditDetailJson.Default),
        };
}

/// <summary>What an operator is about to do, as it stands in the audit log.</summary>
internal sealed record AuditedDecision(string Action, string? Target, object? Detail);

/// <summary>Labels in the audit log.</summary>
internal sealed record AuditedLabels(string? Application, string? Environment, IReadOnlyList<string> Roles, string? Grant, string? Key)
{
    public static AuditedLabels Of(ClientLabels labels, string? grant, PublicKey? key = null) =>
        new(labels.Application, labels.Environment, labels.Roles, grant, key?.Fingerprint);
}

/// <summary>Enrolments and tokens in the audit log, by their ids.</summary>
internal sealed record AuditedGrants(IReadOnlyList<string> Grants);

/// <summary>How much the server has forgotten because it was over long ago.</summary>
internal sealed record AuditedForgotten(int Enrollments, int Tokens, int PendingKeys);

/// <summary>An order in the audit log: what was asked and of whom, never the arguments themselves.</summary>
internal sealed record AuditedOrder(string Command, string ArgumentsDigest, double TimeoutSeconds, int Targets, IReadOnlyList<string> Names, string? RunAs);

/// <summary>A package in the audit log, by the digest of its files.</summary>
internal sealed record AuditedPackage(string Digest, string Kind);

/// <summary>A revision of an application's document in the audit log.</summary>
internal sealed record AuditedRevision(int Revision, string DocumentDigest);

/// <summary>Revisions of an application's document that are kept no longer.</summary>
internal sealed record AuditedHistory(int First, int Last, int Count);

/// <summary>What came of an order for some of its targets.</summary>
internal sealed record AuditedOutcomes(IReadOnlyDictionary<string, string> Outcomes);

/// <summary>An operator in the audit log.</summary>
internal sealed record AuditedOperators(long Serial, IReadOnlyList<string> Names);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditedLabels))]
[JsonSerializable(typeof(AuditedOrder))]
[JsonSerializable(typeof(AuditedOutcomes))]
[JsonSerializable(typeof(AuditedOperators))]
[JsonSerializable(typeof(AuditedGrants))]
[JsonSerializable(typeof(AuditedForgotten))]
[JsonSerializable(typeof(AuditedPackage))]
[JsonSerializable(typeof(AuditedRevision))]
[JsonSerializable(typeof(AuditedHistory))]
internal sealed partial class AuditDetailJson : JsonSerializerContext;
