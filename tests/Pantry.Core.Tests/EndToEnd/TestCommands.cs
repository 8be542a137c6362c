using Pantry.Commands;

namespace Pantry.Tests.EndToEnd;

/// <summary>Ends when something has happened.</summary>
internal sealed class WaitingCommand(string name, Task happened) : ICommand
{
    public string Name => name;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        await happened.WaitAsync(cancellation);
        return new CommandOutcome();
    }
}

/// <summary>Tells when it runs.</summary>
internal sealed class CountingCommand(string name, Action begun, Action ended) : ICommand
{
    public string Name => name;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        begun();
        await Task.Yield();
        ended();
        return new CommandOutcome();
    }
}
