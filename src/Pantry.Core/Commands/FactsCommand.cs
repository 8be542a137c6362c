using System.Text.Json;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>Takes the client's facts anew and returns them.</summary>
internal sealed class FactsCommand : ICommand
{
    public const string CommandName = "Facts";

    public string Name => CommandName;

    public bool IsRepeatable => true;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) => Task.FromResult(new CommandOutcome
    {
        Output = JsonSerializer.SerializeToUtf8Bytes(context.Facts(), CommandJson.Default.ClientFacts),
        Format = BodyFormat.Json,
    });
}
