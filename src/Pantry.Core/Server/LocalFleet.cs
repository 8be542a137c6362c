using System.Runtime.CompilerServices;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Events;
using Pantry.Server.Files;
using Pantry.Server.Jobs;
using Pantry.Server.Output;
using Pantry.Server.Provisioning;

namespace Pantry.Server;

/// <summary>The fleet of a server in the same process, as the server's own operator sees it.</summary>
internal sealed class LocalFleet(ServerHost host, PantryOptions options) : IFleet
{
    public FleetPlace Place => host.Place;

    public IProvisioning Provisioning => new LocalProvisioning(host.Provisioning, () =>
    {
        RequireRunning();
        return Local;
    });

    public ITreeExchange Trees { get; } = new LocalTrees(host.Files, () => host.Authority.Bundle.Find(Authority.LocalOperator)?.Name ?? Authority.LocalOperator, options.Files);

    public IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, CancellationToken cancellation) =>
        host.Administration.List(filter, null).ToAsyncEnumerable();

    public async Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        RequireRunning();
        OrderSigner signer = host.Authority.LocalSigner(options);
        SignedJob signed;
        if (request.Secrets is { Count: > 0 })
        {
            (JobRequest listed, Func<string, PublicKey> keyOf) = await SecretTargets.ExpandAsync(this, request, cancellation).ConfigureAwait(false);
            signed = signer.Sign(listed, keyOf);
        }
        else
        {
            signed = signer.Sign(request);
        }

        Job job = await host.Jobs.StartAsync(signed, Local, from: null).ConfigureAwait(false);
        var started = new LocalJob(this, JobRowsOf.Of(job), from: 0);
        if (!cancellation.IsCancellationRequested)
            return started;
        await started.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw new OperationCanceledException(cancellation);
    }

    public IAsyncEnumerable<JobInfo> FindJobsAsync(JobFilter filter, CancellationToken cancellation) => host.JobDirectory.Find(filter, Local).ToAsyncEnumerable();

    public async Task<IReadOnlyList<JobInfo>> AwaitJobsAsync(IReadOnlyList<JobMark> jobs, CancellationToken cancellation)
    {
        RequireRunning();
        IReadOnlyList<JobInfo> news = [];
        try
        {
            news = await host.JobDirectory.AwaitAsync(new AwaitJobs(jobs, options.RowWait.TotalSeconds), Local, null, cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (host.Status == ServiceStatus.Stopped)
        {
            // What it has known is closed.
        }

        // Of a server that stops the rows are closed: that is no news, and nobody waits any longer.
        RequireRunning();
        return news;
    }

    public Task<IJob> OpenJobAsync(string id, int from, CancellationToken cancellation) =>
        Task.FromResult<IJob>(new LocalJob(this, host.JobDirectory.Open(id, Local, null, nameof(OpenJob)), from));

    public Task<JobInfo> ControlJobAsync(string id, JobAction action, CancellationToken cancellation) =>
        DoneAsync(() => host.JobDirectory.Control(new ControlJob(id, action), Local, null), cancellation);

    public IAsyncEnumerable<QueuedOrder> FindQueuedAsync(JobFilter filter, CancellationToken cancellation) => host.JobDirectory.Queue(filter, Local).ToAsyncEnumerable();

    public Task<QueuedOrder> UnqueueAsync(string job, string client, CancellationToken cancellation) =>
        DoneAsync(() => host.JobDirectory.Unqueue(new Unqueue(job, client), Local, null), cancellation);

    public async IAsyncEnumerable<PantryEvent> WatchEventsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        RequireRunning();
        using EventWatch watch = host.Events.Watch(() => host.Authority.Bundle.Find(Authority.LocalOperator));
        while (await watch.TakeAsync(options.ClientPageSize, Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false) is { } events)
        {
            foreach (PantryEvent happened in events)
                yield return happened;
        }
    }

    public Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation) => DecidedAsync(() => host.Enrollments.EnrolAsync(request, Local, null), cancellation);

    public Task<EnrollmentToken> CreateTokenAsync(CreateToken request, CancellationToken cancellation) =>
        DecidedAsync(() => host.Enrollments.CreateTokenAsync(request, Local, null), cancellation);

    public IAsyncEnumerable<EnrollmentInfo> FindEnrollmentsAsync(EnrollmentFilter filter, CancellationToken cancellation) =>
        host.Enrollments.List(filter).ToAsyncEnumerable();

    public Task<EnrollmentInfo> WithdrawEnrollmentAsync(string id, CancellationToken cancellation) =>
        DecidedAsync(() => host.Enrollments.WithdrawAsync(id, Local, null), cancellation);

    public Task<ClientInfo> DecideAsync(DecideClient request, CancellationToken cancellation) => DecidedAsync(() => host.Administration.DecideAsync(request, Local, null), cancellation);

    public Task<(OperatorList List, byte[] Bundle)> ListOperatorsAsync(CancellationToken cancellation) =>
        Task.FromResult((host.Authority.List(), host.Authority.SignedBundle));

    public Task<OperatorList> AddOperatorAsync(AddOperator request, CancellationToken cancellation) =>
        DecidedAsync(() => host.Administration.AddOperatorAsync(request, Local, null), cancellation);

    public Task<OperatorList> RevokeOperatorAsync(string name, CancellationToken cancellation) =>
        DecidedAsync(() => host.Administration.RevokeOperatorAsync(name, Local, null), cancellation);

    public Task<OperatorList> PutBundleAsync(byte[] bundle, CancellationToken cancellation) =>
        DecidedAsync(() => host.Administration.PutBundleAsync(bundle, Local, null), cancellation);

    public IAsyncEnumerable<AuditEntry> FindAuditAsync(AuditFilter filter, CancellationToken cancellation) => host.Administration.FindAudit(filter).ToAsyncEnumerable();

    public Task<AuditLogCheck> VerifyAuditAsync(string? checkpoint, CancellationToken cancellation) =>
        Task.Run(() => host.Administration.VerifyAudit(checkpoint), cancellation);

    private OutputWatch WatchOutput(string job, IReadOnlyList<int> next) => host.Outputs.Watch(job, next, Local, null);

    // A change of a job counts as done when the audit log has it too; of other decisions it has the record before.
    private async Task<T> DoneAsync<T>(Func<T> decision, CancellationToken cancellation)
    {
        RequireRunning();
        T decided = await Task.Run(decision, cancellation).ConfigureAwait(false);
        await host.Audit.FlushAsync().ConfigureAwait(false);
        return decided;
    }

    private async Task<T> DecidedAsync<T>(Func<Task<T>> decision, CancellationToken cancellation)
    {
        RequireRunning();
        return await Task.Run(decision, cancellation).ConfigureAwait(false);
    }

    private void RequireRunning()
    {
        if (host.Status == ServiceStatus.Stopped)
            throw new PantryException(PantryErrorCode.Stopped, "The server was stopped; it takes no more orders.");
    }

    // Whoever can reach this object has the server's own memory; only the operator's place in the bundle can be taken.
    private OperatorEntry Local => host.Authority.Bundle.Find(Authority.LocalOperator)
        ?? throw new PantryException(PantryErrorCode.KeyRevoked,
            "The server's own operator was taken away. Connect as an operator with Connect-PantryServer -OperatorFile.");

    private sealed class LocalJob(LocalFleet fleet, JobRowsOf job, int from) : IJob
    {
        public string Id => job.Id;

        public IReadOnlyList<string> Targets => job.Targets;

        public async IAsyncEnumerable<ResultRow> ReadRowsAsync(
            [EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (ResultRow row in job.Rows.ReadAsync(from, cancellation).ConfigureAwait(false))
            {
                job.Rows.Release(row.Number + 1);
                yield return row;
            }
        }

        public async IAsyncEnumerable<OutputPage> ReadOutputAsync(IReadOnlyList<int> next, [EnumeratorCancellation] CancellationToken cancellation)
        {
            OutputWatch watch = fleet.WatchOutput(job.Id, next);
            for (bool last = false; !last;)
            {
                OutputPage page = await watch.TakeAsync(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false);
                last = page.Last;
                yield return page;
            }
        }

        public async Task CancelAsync()
        {
            if (job.Rows.Count < job.Targets.Count)
                await fleet.ControlJobAsync(job.Id, JobAction.Cancel, default).ConfigureAwait(false);
        }
    }
}
