using Pantry.Files;

namespace Pantry.Server.Files;

/// <summary>Who else than a job grants trees: what a client may have by what it is.</summary>
internal interface ITreeGrants
{
    /// <summary>Whether a client that is let in under this identity may have the tree.</summary>
    bool MayRead(string identity, ContentHash tree);
}
