using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.WindowsServices;

namespace Pantry.Daemon.Services;

/// <summary>Where a service runs: in the foreground and under systemd it is told to end by a signal, as a Windows service by the service manager.</summary>
internal static class ServiceProcess
{
    public static async Task RunAsync(Func<CancellationToken, Task> service, CancellationToken interrupted)
    {
        if (!OperatingSystem.IsWindows() || !WindowsServiceHelpers.IsWindowsService())
        {
            try
            {
                await service(interrupted);
            }
            catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
            {
                // It was told to end while it started.
            }

            return;
        }

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddWindowsService(options => options.ServiceName = "Pantry");
        var work = new Work(service);
        builder.Services.AddSingleton<IHostedService>(services =>
        {
            work.Lifetime = services.GetRequiredService<IHostApplicationLifetime>();
            return work;
        });
        using IHost host = builder.Build();
        await host.RunAsync(interrupted);
        if (work.Fault is { } fault)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
    }

    private sealed class Work(Func<CancellationToken, Task> service) : BackgroundService
    {
        public IHostApplicationLifetime? Lifetime { get; set; }

        public Exception? Fault { get; private set; }

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            try
            {
                await service(stoppingToken);
            }
            catch (Exception exception)
            {
                Fault = exception;
            }
            finally
            {
                Lifetime?.StopApplication();
            }
        }
    }
}
