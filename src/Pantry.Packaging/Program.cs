// Makes packages: `Pantry.Packaging [--out DIRECTORY] [module | linux-x64 | linux-arm64 | win-x64 ...]`; without names, all of them.
// Ends with 0, with 1 after an error, or with 2 where NuGet had not all that some of them need and the others were made.
using Pantry.Packaging;

try
{
    PackagingRun run = PackagingRun.Parse(args);
    return await run.MakeAsync() ? 0 : 2;
}
catch (PackagingException error)
{
    Console.Error.WriteLine($"packaging: {error.Message}");
    return 1;
}
