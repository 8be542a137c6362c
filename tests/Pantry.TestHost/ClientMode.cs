using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.TestHost;

/// <summary>A client in a process of its own: `client ENROLLMENT HOME [FILEPORT]`. Ends when its input does.</summary>
internal static class ClientMode
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var commands = new CommandTable();
        commands.Add(new MarkCommand(Path.Combine(arguments[1], "marks")));
        commands.Add(new StagedCommand(arguments[1]));
        Enrollment enrollment = EnrollmentFile.Load(arguments[0], DateTimeOffset.UtcNow);
        await using ClientAgent client = await ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort, FilePort: arguments.Length > 2 ? int.Parse(arguments[2], null) : 0),
            Labels = ClientLabels.Create(enrollment.Identity!, enrollment.Application, enrollment.Environment, enrollment.Roles),
            Path = arguments[1],
            Enrollment = enrollment,
        }, commands, options: HostOptions.Load(), log: StandardErrorLog.For(enrollment.Identity!));
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
