using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>The fleet of a server in the same process.</summary>
internal sealed class LocalFleet(ServerHost host, ClientRegistry registry, JobDispatcher jobs, PantryOptions options, TimeProvider time) : IFleet
{
    public IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, CancellationToken cancellation) =>
        registry.List(filter).ToAsyncEnumerable();

    public Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult<IJob>(new LocalJob(jobs, jobs.Start(WithDefaults(request, options))));
    }

    public Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan lifetime = request.ExpiresInSeconds > 0 ? TimeSpan.FromSeconds(Math.Min(request.ExpiresInSeconds, 10 * 365 * 24 * 3600d)) : options.EnrollmentLifetime;
        ClientLabels labels = ClientLabels.Create(request.Identity ?? "any", request.Application, request.Environment, request.Roles);
        return Task.FromResult(new Enrollment
        {
            Id = Guid.NewGuid().ToString("N"),
            Identity = request.Identity,
            Application = labels.Application,
            Environment = labels.Environment,
            Roles = labels.Roles,
            Address = host.Configuration.Address,
            PublishPort = host.PublishPort,
            ReceivePort = host.ReceivePort,
            FilePort = host.FilePort,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        });
    }

    public Task<bool> ForgetAsync(string identity, CancellationToken cancellation) =>
        Task.FromResult(host.Forget(identity, "an operator took the client off the list"));

    internal static JobRequest WithDefaults(JobRequest request, PantryOptions options) => request with
    {
        Timeout = Within(request.Timeout, options.RunTimeout),
        DeliveryTimeout = Within(request.DeliveryTimeout, options.DeliveryTimeout),
    };

    // Nobody waits for a year; what is longer would only overflow a date.
    private static TimeSpan Within(TimeSpan asked, TimeSpan otherwise) =>
        asked <= TimeSpan.Zero ? otherwise : asked < TimeSpan.FromDays(365) ? asked : TimeSpan.FromDays(365);

    private sealed class LocalJob(JobDispatcher jobs, Job job) : IJob
    {
        public string Id => job.Id;

        public IReadOnlyList<string> Targets => job.Targets;

        public async IAsyncEnumerable<ResultRow> ReadRowsAsync(
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (ResultRow row in job.ReadRowsAsync(0, cancellation).ConfigureAwait(false))
            {
                job.Release(row.Number + 1);
                yield return row;
            }
        }

        public Task CancelAsync()
        {
            jobs.Cancel(job);
            return Task.CompletedTask;
        }
    }
}
