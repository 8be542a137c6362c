using System.Text;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>Brings its message back.</summary>
internal sealed class EchoCommand : ICommand
{
    public const string CommandName = "Echo";

    public string Name => CommandName;

    public bool IsRepeatable => true;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        EchoArguments arguments = CommandJson.Read(context, CommandName, CommandJson.Default.EchoArguments);
        return Task.FromResult(new CommandOutcome { StandardOutput = Encoding.UTF8.GetBytes(arguments.Message ?? ""), Format = BodyFormat.None });
    }
}

/// <param name="Message">The text to bring back.</param>
internal sealed record EchoArguments(string? Message);
