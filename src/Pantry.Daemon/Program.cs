using Pantry.Daemon;

return (int)await PantryProgram.RunAsync(args, Terminal.OfProcess());
